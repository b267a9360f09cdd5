// SPDX-License-Identifier: Apache-2.0
// Drives one InvocationState: signals, deadlines, stderr. Dispatcher makes one per invocation.

import Contracts
import FoundationEssentials
import FunctionModel
import NIOCore
import Sandbox
import Synchronization

/// One invocation between release and end.
final class RunningInvocation: Sendable {
    /// What it needs to know of the function.
    struct Terms: Sendable {
        var function: FunctionName
        var revision: Int
        var program: String
        var timeout: Duration
        var grace: Duration
        var outputMax: Int
        var stopSignal: Int32
    }

    private struct Storage: ~Copyable {
        var state: InvocationState
        var log = LogSplitter()
        var deadline: DeadlineNumber?
        var bytesIn = 0
    }

    let id: String
    let terms: Terms
    let sandbox: any SandboxHandle
    private let timer: DeadlineTimer
    private let sink: any InvocationSink
    private let storage: Mutex<Storage>

    init(id: String, terms: Terms, sandbox: any SandboxHandle, timer: DeadlineTimer, sink: any InvocationSink)
    {
        self.id = id
        self.terms = terms
        self.sandbox = sandbox
        self.timer = timer
        self.sink = sink
        storage = Mutex(Storage(state: InvocationState(outputMax: terms.outputMax)))
    }

    /// Starts the clock: call once, right after the release.
    func begin() {
        setDeadline(.now + terms.timeout) { $0.stop(.timeout) }
    }

    /// Ends it politely: stop signal, grace, SIGKILL.
    ///
    /// Idempotent, does not block.
    func stop(_ cause: StopCause) {
        perform(storage.withLock { $0.state.stopRequested(cause) })
    }

    /// Ends it at once.
    ///
    /// Idempotent, does not block.
    func kill(_ cause: StopCause) {
        perform(storage.withLock { $0.state.killRequested(cause) })
    }

    private func perform(_ action: InvocationState.StopAction) {
        switch action {
        case .signalThenWait:
            sandbox.signal(terms.stopSignal)
            setDeadline(.now + terms.grace) { $0.graceEnded() }
        case .kill: sandbox.kill()
        case .none: break
        }
    }

    private func graceEnded() { perform(storage.withLock { $0.state.graceEnded() }) }

    private func setDeadline(
        _ instant: ContinuousClock.Instant,
        _ action: @escaping @Sendable (RunningInvocation) -> Void
    ) {
        let number = timer.schedule(at: instant) { [weak self] in self.map(action) }
        let previous = storage.withLock { storage in
            // The end may have come first: then nobody else would forget this deadline.
            if storage.state.phase == .ended { return DeadlineNumber?.some(number) }
            return exchange(&storage.deadline, with: number)
        }
        if let previous { timer.cancel(previous) }
    }

    // MARK: Data

    /// Takes stderr; called on the Sandbox room's thread.
    func standardError(_ bytes: ByteBuffer) {
        let lines = storage.withLock { $0.log.received(bytes.readableBytesView) }
        if !lines.isEmpty { sink.append(nil, logs: logLines(lines)) }
    }

    /// Writes to stdin; false when the function does not read any more.
    func write(_ bytes: ByteBuffer) async -> Bool {
        let isTaken = await sandbox.write(bytes)
        if isTaken { storage.withLock { $0.bytesIn += bytes.readableBytes } }
        return isTaken
    }

    /// Counts output; false when it is over the limit, and the function is being killed then.
    func pass(_ bytes: ByteBuffer) -> Bool {
        switch storage.withLock({ $0.state.outputReceived(bytes: bytes.readableBytes) }) {
        case .pass: return true
        case .exceeded:
            sandbox.kill()
            return false
        }
    }

    /// Whether nothing has been done to end it.
    var isUndisturbed: Bool { storage.withLock { $0.state.isUndisturbed } }

    /// The function's response head leaves.
    func committed() { storage.withLock { $0.state.committed() } }

    /// The function's response head is known.
    func headReceived(_ head: ResponseHead) {
        storage.withLock { $0.state.headReceived(status: head.status) }
    }

    // MARK: End

    /// What the record needs to know.
    struct Ending: Sendable {
        var verdict: InvocationState.Verdict
        /// The status of the function's own response head; nil while there is none.
        var responseStatus: Int?
        var isCommitted: Bool
        var lines: [LogLine]
    }

    /// PID 1 is gone: the clock stops, and the verdict is given.
    ///
    /// Call once.
    ///
    /// - Parameters:
    ///   - report: how PID 1 ended.
    ///   - fault: a rule of the contract that its whole output breaks; counts when it ended well.
    /// - Returns: what the record needs.
    func ended(_ report: ExitReport, _ fault: ResponseFault?) -> Ending {
        let (ending, rest, deadline) = storage.withLock { storage in
            var verdict = storage.state.ended(report, program: terms.program)
            if let fault, verdict.outcome == .ok { verdict = InvocationState.malformed(fault) }
            let ending = Ending(
                verdict: verdict,
                responseStatus: storage.state.responseStatus,
                isCommitted: storage.state.isCommitted,
                lines: []
            )
            return (ending, storage.log.ended(), storage.deadline)
        }
        if let deadline { timer.cancel(deadline) }
        let verdict = ending.verdict
        let lines = logLines(rest + (verdict.note.map { ["mayfly: \($0)"] } ?? []))
        var whole = ending
        whole.lines = lines
        return whole
    }

    /// Bytes taken from the request and given to the answer so far.
    var bytes: (in: Int, out: Int) { storage.withLock { ($0.bytesIn, $0.state.bytesOut) } }

    private func logLines(_ texts: [String]) -> [LogLine] {
        guard !texts.isEmpty else { return [] }
        let now = Date()
        return texts.map {
            LogLine(
                function: terms.function,
                revision: terms.revision,
                invocation: id,
                timestamp: now,
                text: $0
            )
        }
    }
}

/// Stores a new value and returns the old one.
private func exchange<Value>(_ place: inout Value, with value: Value) -> Value {
    let old = place
    place = value
    return old
}
