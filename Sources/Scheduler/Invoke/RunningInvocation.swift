// SPDX-License-Identifier: Apache-2.0
// One invocation in its container: limits, log, verdict. Dispatcher makes one per invocation.

import Contracts
import FoundationEssentials
import FunctionModel
import NIOCore
import Sandbox
import Synchronization

/// The properties of a function that its invocations need.
struct InvocationLimits: Sendable {
    var function: FunctionName
    var revision: Int
    var program: String
    var timeout: Duration
    var grace: Duration
    var outputMax: Int
    var stopSignal: Int32
}

/// What an operator wants to know of an invocation that runs.
struct RunningFacts: Sendable {
    /// As the function's deployer named it.
    var image: String
    var startedAt: Date
    /// What its program executes.
    var command: FunctionCommand
}

/// One invocation between start and end.
final class RunningInvocation: Sendable {
    private struct Storage: ~Copyable {
        var state: InvocationState
        var log = LogSplitter()
        var bytesIn = 0
    }

    let id: String
    let limits: InvocationLimits
    let facts: RunningFacts
    let session: ContainerSession
    private let sink: any InvocationSink
    /// Held until the record is made.
    private let note: UnfinishedCalls.Note?
    private let storage: Mutex<Storage>

    init(
        id: String,
        limits: InvocationLimits,
        facts: RunningFacts,
        session: ContainerSession,
        sink: any InvocationSink,
        note: UnfinishedCalls.Note?
    ) {
        self.id = id
        self.facts = facts
        self.limits = limits
        self.session = session
        self.sink = sink
        self.note = note
        storage = Mutex(Storage(state: InvocationState(outputMax: limits.outputMax)))
    }

    // MARK: Data

    /// Takes stderr; called on the Sandbox room's thread.
    func standardError(_ bytes: ByteBuffer) {
        let lines = storage.withLock { $0.log.received(bytes.readableBytesView) }
        if !lines.isEmpty { sink.append(nil, logs: logLines(lines)) }
    }

    /// Writes to stdin; false when the function does not read any more.
    func write(_ bytes: ByteBuffer) async -> Bool {
        let isTaken = await session.write(bytes)
        if isTaken { storage.withLock { $0.bytesIn += bytes.readableBytes } }
        return isTaken
    }

    /// Counts a piece of the request that a server took.
    func taken(bytes: Int) { storage.withLock { $0.bytesIn += bytes } }

    /// The whole answer of a server came.
    func answered() { storage.withLock { $0.state.answered() } }

    /// Counts output; false when it is over the limit, and the function is being killed then.
    func pass(_ bytes: ByteBuffer) -> Bool {
        switch storage.withLock({ $0.state.outputReceived(bytes: bytes.readableBytes) }) {
        case .pass: return true
        case .exceeded:
            session.kill(.outputLimit)
            return false
        }
    }

    /// The next piece of stdout, counted; nil at its end.
    func nextOutput() async -> ByteBuffer? {
        guard let bytes = await session.nextOutput(), pass(bytes) else { return nil }
        return bytes
    }

    /// The function's response head is sent.
    func committed() { storage.withLock { $0.state.committed() } }

    /// The function's response head is known.
    func headReceived(_ head: ResponseHead) {
        storage.withLock { $0.state.headReceived(status: head.status) }
    }

    // MARK: End

    /// The values for the record.
    struct Ending: Sendable {
        var verdict: InvocationState.Verdict
        /// The status of the function's own response head; nil while there is none.
        var responseStatus: Int?
        var isCommitted: Bool
        var lines: [LogLine]
    }

    /// The function's output violates its contract.
    ///
    /// Its end is a failure then; it is not ended by this.
    func faultFound(_ fault: ResponseFault) { storage.withLock { $0.state.faultFound(fault) } }

    /// The function reports an error instead of an answer, or behind the beginning of one.
    func functionFailed(_ failure: RuntimeFailure) {
        storage.withLock { $0.state.functionFailed(failure) }
    }

    /// PID 1 is gone: the clock stops, and the verdict is given.
    ///
    /// Call once.
    func ended(_ report: ExitReport) -> Ending {
        let cause = session.ended()
        let end = ContainerEnd(report, program: limits.program)
        return storage.withLock { storage in
            let verdict = storage.state.verdict(end, cause)
            let notes = verdict.note.map { ["mayfly: \($0)"] } ?? []
            return Ending(
                verdict: verdict,
                responseStatus: storage.state.responseStatus,
                isCommitted: storage.state.isCommitted,
                lines: logLines(storage.log.ended() + notes)
            )
        }
    }

    /// Bytes taken from the request and given to the answer so far.
    var bytes: (in: Int, out: Int) { storage.withLock { ($0.bytesIn, $0.state.bytesOut) } }

    /// Puts Mayfly's own lines into its log.
    func note(_ texts: [String]) { sink.append(nil, logs: logLines(texts)) }

    /// Lines of its log.
    func logLines(_ texts: [String]) -> [LogLine] {
        guard !texts.isEmpty else { return [] }
        let now = Date()
        return texts.map {
            LogLine(
                function: limits.function,
                revision: limits.revision,
                invocation: id,
                timestamp: now,
                text: $0
            )
        }
    }
}
