// SPDX-License-Identifier: Apache-2.0
// Replaces Scheduler: answers calls as the test says, and remembers them.

import Contracts
import FoundationEssentials
import FunctionModel
import HTTPTypes
import NIOCore
import Scheduler
import Synchronization

/// An invoker whose answers are a closure.
final class FakeInvoker: FunctionInvoker {
    typealias Answer =
        @Sendable (FunctionName, InvocationRequest) async throws(InvocationRefusal)
        -> InvocationAnswer

    private let answer: Answer
    private let seen = Mutex<[InvocationRequest]>([])

    init(_ answer: @escaping Answer) { self.answer = answer }

    /// Calls that ended before admission: id and why.
    let unadmitted = Mutex<[String: RequestBodyFailure]>([:])

    func recordUnadmitted(
        _ function: FunctionName,
        id: String,
        arrivedAt: Date,
        _ failure: RequestBodyFailure
    ) {
        unadmitted.withLock { $0[id] = failure }
    }

    var requests: [InvocationRequest] { seen.withLock { $0 } }

    func invoke(_ function: FunctionName, _ request: InvocationRequest) async throws(InvocationRefusal)
        -> InvocationAnswer
    {
        do throws(RequestFault) {
            _ = try RequestVariables(request.head)
        } catch {
            throw .requestInvalid(error)
        }
        seen.withLock { $0.append(request) }
        return try await answer(function, request)
    }

    /// Answers with this output and ending.
    static func ending(
        _ outcome: Outcome,
        output: String = "",
        _ change: @escaping @Sendable (inout Invocation) -> Void = { _ in }
    )
        -> FakeInvoker
    {
        FakeInvoker { (function, request) throws(InvocationRefusal) in
            .complete(
                head(request, output),
                output: ByteBuffer(string: output),
                record(function, request.id, outcome, change)
            )
        }
    }

    static func refusing(_ refusal: InvocationRefusal) -> FakeInvoker {
        FakeInvoker { (_, _) throws(InvocationRefusal) in throw refusal }
    }

    /// Gives the body back, however it came.
    static let echo = makeEcho()

    /// An echo whose requests are those of one test.
    static func makeEcho() -> FakeInvoker { FakeInvoker(giveBack) }

    private static let giveBack: Answer = { (function, request) throws(InvocationRefusal) in
        var output = ByteBuffer()
        switch request.body {
        case .none: break
        case .whole(let buffer): output = buffer
        case .stream(let produce):
            let collected = Mutex(ByteBuffer())
            do {
                try await produce { piece in
                    var piece = piece
                    collected.withLock { _ = $0.writeBuffer(&piece) }
                    return true
                }
            } catch {
                throw .cancelled
            }
            output = collected.withLock { $0 }
        }
        return .complete(ResponseHead(), output: output, record(function, request.id, .ok))
    }

    /// What a `stdio` function's contract makes of its output.
    static func head(_ request: InvocationRequest, _ output: String) -> ResponseHead {
        let contract = ContractAdapter(FunctionConfiguration(), program: "/run")
        var response = contract.response(to: request.head)
        var bytes = ByteBuffer(string: output)
        guard case .begins(let head) = response.received(&bytes, isEnd: true) else { return ResponseHead() }
        return head
    }

    static func record(
        _ function: FunctionName,
        _ id: String,
        _ outcome: Outcome,
        _ change: (inout Invocation) -> Void = { _ in }
    ) -> Invocation {
        var record = Invocation(
            id: id,
            function: function,
            revision: 1,
            trigger: .http,
            startedAt: Date(timeIntervalSince1970: 1_700_000_000),
            outcome: outcome
        )
        record.totalMilliseconds = 12.5
        if outcome == .ok { record.exitCode = 0 }
        change(&record)
        return record
    }
}

/// Output that comes in pieces, then an ending.
final class FakeOutput: OutputStream {
    private let pieces: Mutex<[String]>
    private let record: Invocation
    private let cancelled = Atomic<Bool>(false)
    let trailers: HTTPFields

    init(_ pieces: [String], _ record: Invocation, trailers: HTTPFields = HTTPFields()) {
        self.trailers = trailers
        self.pieces = Mutex(pieces)
        self.record = record
    }

    var isCancelled: Bool { cancelled.load(ordering: .relaxed) }

    func next() async -> ByteBuffer? {
        pieces.withLock { $0.isEmpty ? nil : ByteBuffer(string: $0.removeFirst()) }
    }

    func ending() async -> Invocation { record }

    func cancel() { cancelled.store(true, ordering: .relaxed) }
}

extension InvocationRequest {
    /// What a contract's environment has of it; empty when it cannot be passed on.
    var variableTexts: [String] { (try? RequestVariables(head))?.text ?? [] }
}
