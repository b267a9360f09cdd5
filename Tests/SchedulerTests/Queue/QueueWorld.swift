// SPDX-License-Identifier: Apache-2.0
// A queue over a real store, whose functions are what a test says.

import Contracts
import Foundation
import FunctionModel
import FunctionStore
import HTTPTypes
import NIOCore
import Synchronization

@testable import Scheduler

/// Answers each attempt as configured, and notes the requests.
final class ScriptedInvoker: FunctionInvoker {
    typealias Script =
        @Sendable (_ attempt: Int, InvocationRequest) async throws(InvocationRefusal)
        -> InvocationAnswer

    private let script: Script
    private let seen = Mutex<[InvocationRequest]>([])

    init(_ script: @escaping Script) { self.script = script }

    var requests: [InvocationRequest] { seen.withLock { $0 } }

    func recordUnadmitted(_: FunctionName, id: String, arrivedAt: Date, _: RequestBodyFailure) {}

    func invoke(_ function: FunctionName, _ request: InvocationRequest) async throws(InvocationRefusal)
        -> InvocationAnswer
    {
        let attempt = seen.withLock { seen in
            seen.append(request)
            return seen.count(where: { $0.id == request.id })
        }
        return try await script(attempt, request)
    }

    /// An answer with a status of the function's own.
    static func answer(
        _ request: InvocationRequest,
        _ outcome: Outcome = .ok,
        status: Int = 200,
        fields: HTTPFields = HTTPFields(),
        _ output: String = ""
    ) -> InvocationAnswer {
        var record = Invocation(
            id: request.id,
            function: queueFunction,
            revision: 1,
            trigger: request.trigger,
            startedAt: Date(),
            status: status,
            outcome: outcome
        )
        record.responseStatus = status
        return .complete(
            ResponseHead(status: status, fields: fields),
            output: ByteBuffer(string: output),
            record
        )
    }
}

let queueFunction: FunctionName = {
    guard let name = try? FunctionName("f") else { preconditionFailure("f is a name") }
    return name
}()

/// One function that never runs: the queue asks for its revision alone.
private struct OneRevision: FunctionDirectory {
    var revision: Revision
    func lookup(_ name: FunctionName) -> FunctionLookup {
        name == revision.function ? .broken(revision, reason: "no image") : .unknown
    }
    func lookup(_ name: FunctionName, _ version: FunctionVersion) async throws(InvocationRefusal)
        -> FunctionLookup
    { throw .unknownVersion(name, version) }
}

/// The queue and what it works with.
struct QueueWorld {
    let folder: String
    let store: SQLiteStore
    let queue: CallQueue
    let sink = FakeSink()
    let invoker: ScriptedInvoker

    init(
        folder: String? = nil,
        spans: (any SpanSink)? = nil,
        _ change: (inout AsyncConfiguration) -> Void = { _ in },
        _ script: @escaping ScriptedInvoker.Script
    ) throws {
        self.folder = folder ?? NSTemporaryDirectory() + "/mayfly-queue-\(UUID().uuidString)"
        store = try SQLiteStore(path: self.folder + "/mayfly.sqlite", logger: .silent)
        invoker = ScriptedInvoker(script)
        var configuration = FunctionConfiguration()
        configuration.asynchronous.minWait = try TimeSpan("10ms", field: "min_wait")
        configuration.asynchronous.maxWait = try TimeSpan("20ms", field: "max_wait")
        change(&configuration.asynchronous)
        let revision = Revision(
            function: queueFunction,
            number: 3,
            imageReference: "i",
            imageDigest: Digest(hash: [UInt8](repeating: 0, count: 32)),
            configuration: configuration,
            createdAt: Date()
        )
        let statusOf: @Sendable (Invocation) -> Int = {
            $0.outcome == .ok ? $0.responseStatus ?? 200 : $0.outcome == .cancelled ? 499 : 500
        }
        let rooms = CallQueue.Rooms(
            store: store,
            invoker: TracedInvoker(invoker, sink: spans, statusOf: statusOf),
            directory: OneRevision(revision: revision),
            sink: sink,
            statusOf: statusOf,
            logger: .silent
        )
        queue = CallQueue(rooms, runningMax: 4)
    }

    /// Accepts a call of the function.
    func accept(_ id: String, _ body: RequestBody = .none, callback: String? = nil) async throws -> String {
        let head = RequestHead(method: .post, target: "/function/f", scriptName: "/function/f", callID: id)
        let request = InvocationRequest(
            trigger: .asynchronous,
            head: head,
            body: body,
            arrivedAt: Date()
        )
        return try await queue.accept(queueFunction, request, callback: callback)
    }

    /// A call once it is in one of the states; nil after some seconds.
    func call(_ id: String, _ states: QueuedCallState...) async throws -> QueuedCall? {
        for _ in 0..<1000 {
            if let call = try await store.queuedCall(id), states.contains(call.state) { return call }
            try await Task.sleep(for: .milliseconds(5))
        }
        return nil
    }

    /// Stops the queue and removes the folder.
    func end() async throws {
        queue.stop()
        await queue.settle()
        try store.close()
        try FileManager.default.removeItem(atPath: folder)
    }
}
