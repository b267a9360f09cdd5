// SPDX-License-Identifier: Apache-2.0
// Calls from acceptance to their final state over a real store; functions are a few values.

import Contracts
import Foundation
import FunctionModel
import FunctionStore
import HTTPTypes
import NIOCore
import Synchronization
import Testing

@testable import Scheduler

@Suite struct CallQueueTests {
    @Test("a call that fails runs again until it succeeds, with the same request")
    func retries() async throws {
        let world = try QueueWorld { (attempt, request) throws(InvocationRefusal) in
            ScriptedInvoker.answer(request, attempt < 3 ? .exit : .ok, "attempt \(attempt)")
        }
        await world.queue.start()
        #expect(try await world.accept("x", .whole(ByteBuffer(string: "body"))) == "x")
        let call = try #require(await world.call("x", .succeeded))
        #expect(call.attempts == 3)
        #expect(try await world.store.output(of: "x") == .bytes(Data("attempt 3".utf8)))
        #expect(world.invoker.requests.map(\.trigger) == [.asynchronous, .asynchronous, .asynchronous])
        let bodies = world.invoker.requests.map { request -> String in
            guard case .whole(let bytes) = request.body else { return "" }
            return String(buffer: bytes)
        }
        #expect(bodies == ["body", "body", "body"])
        #expect(world.queue.counts()[queueFunction]?.retries == 2)
        try await world.end()
    }

    @Test("what fails in every attempt becomes a dead letter, and a retry gives it all of them again")
    func deadLetter() async throws {
        let world = try QueueWorld {
            $0.attempts = 2
        } _: { (attempt, request) throws(InvocationRefusal) in
            ScriptedInvoker.answer(request, attempt < 4 ? .exit : .ok)
        }
        await world.queue.start()
        _ = try await world.accept("x")
        let letter = try #require(await world.call("x", .failed))
        #expect(letter.attempts == 2)
        #expect(letter.result?.status == 500)
        #expect(world.queue.counts()[queueFunction]?.deadLetters == 1)
        #expect(try await world.queue.retry("x") == .done)
        #expect(try await world.call("x", .succeeded)?.attempts == 2)
        #expect(world.invoker.requests.count == 4)
        try await world.end()
    }

    @Test("a status that is not among the codes is final at once, as is a function that is gone")
    func final() async throws {
        let world = try QueueWorld { (_, request) throws(InvocationRefusal) in
            if request.id == "gone" { throw .unknownFunction("f") }
            return ScriptedInvoker.answer(request, status: 404)
        }
        await world.queue.start()
        _ = try await world.accept("x")
        _ = try await world.accept("gone")
        #expect(try await world.call("x", .failed)?.result?.status == 404)
        let gone = try #require(await world.call("gone", .failed))
        #expect(gone.result?.reason == "no function named 'f'")
        #expect(gone.result?.status == nil)
        #expect(world.invoker.requests.count == 2)
        try await world.end()
    }

    @Test("the next attempt waits as long as the answer's Retry-After says")
    func retryAfter() async throws {
        let times = Mutex<[ContinuousClock.Instant]>([])
        let world = try QueueWorld { (attempt, request) throws(InvocationRefusal) in
            times.withLock { $0.append(.now) }
            return ScriptedInvoker.answer(
                request,
                status: attempt == 1 ? 503 : 200,
                fields: [.retryAfter: "1"]
            )
        }
        await world.queue.start()
        _ = try await world.accept("x")
        #expect(try await world.call("x", .succeeded) != nil)
        let waited = times.withLock { $0[1] - $0[0] }
        #expect(waited >= .seconds(1) && waited < .seconds(4), "\(waited)")
        try await world.end()
    }

    @Test("a function without room is asked again later, and no attempt is used up")
    func refused() async throws {
        let world = try QueueWorld {
            $0.attempts = 1
        } _: { (attempt, request) throws(InvocationRefusal) in
            if attempt <= 2 { throw .busy(retryAfterSeconds: 0) }
            return ScriptedInvoker.answer(request)
        }
        await world.queue.start()
        _ = try await world.accept("x")
        #expect(try await world.call("x", .succeeded)?.attempts == 1)
        #expect(world.invoker.requests.count == 3)
        try await world.end()
    }

    @Test("a running call that is cancelled ends, a waiting one never runs again")
    func cancel() async throws {
        let world = try QueueWorld {
            $0.minWait = .seconds(60)
            $0.maxWait = .seconds(60)
        } _: { (_, request) throws(InvocationRefusal) in
            guard request.id == "long" else { return ScriptedInvoker.answer(request, .exit) }
            // Cancelled: that is what is waited for.
            try? await Task.sleep(for: .seconds(60))
            return ScriptedInvoker.answer(request, Task.isCancelled ? .cancelled : .ok)
        }
        await world.queue.start()
        _ = try await world.accept("long")
        #expect(try await world.call("long", .running) != nil)
        #expect(try await world.queue.cancel("long") == .asked)
        #expect(try await world.call("long", .cancelled)?.result?.outcome == .cancelled)
        _ = try await world.accept("short")
        #expect(try await world.call("short", .waiting) != nil)
        #expect(try await world.queue.cancel("short") == .done)
        #expect(try await world.call("short", .cancelled) != nil)
        #expect(world.invoker.requests.count == 2)
        try await world.end()
    }

    @Test("a body and an output that are large pass through files, whole")
    func large() async throws {
        let piece = ByteBuffer(repeating: 7, count: 40_000)
        let world = try QueueWorld { (_, request) throws(InvocationRefusal) in
            let size = Mutex(0)
            guard case .stream(let pull) = request.body else { throw .cancelled }
            do {
                try await pull { bytes in
                    size.withLock { $0 += bytes.readableBytes }
                    return true
                }
            } catch { throw .cancelled }
            return ScriptedInvoker.answer(request, .ok, String(repeating: "o", count: size.withLock { $0 }))
        }
        await world.queue.start()
        let body = RequestBody.stream { write in for _ in 0..<10 { _ = await write(piece) } }
        _ = try await world.accept("x", body)
        let call = try #require(await world.call("x", .succeeded))
        #expect(call.bodyBytes == 400_000)
        let output = try await world.store.output(of: "x")
        guard case .file(let file)? = output else {
            Issue.record("the output is in no file")
            return
        }
        #expect(file.sizeBytes == 400_000)
        let files = try FileManager.default.contentsOfDirectory(atPath: world.folder + "/queue")
        #expect(files == [file.name])
        #expect(world.invoker.requests[0].head.bodyLength == .bytes(400_000))
        try await world.end()
    }

    @Test("a body that breaks off leaves no call and no file")
    func brokenBody() async throws {
        let world = try QueueWorld { (_, request) throws(InvocationRefusal) in ScriptedInvoker.answer(request)
        }
        await world.queue.start()
        let body = RequestBody.stream { write in
            _ = await write(ByteBuffer(repeating: 1, count: 100_000))
            throw RequestBodyTooLarge()
        }
        await #expect(throws: RequestBodyTooLarge.self) { try await world.accept("x", body) }
        #expect(try await world.store.queuedCalls(QueueQuery()).isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: world.folder + "/queue").isEmpty)
        try await world.end()
    }

    @Test("calls under way at a kill run again at the next start, recorded as lost, and end once")
    func killed() async throws {
        let first = try QueueWorld { (_, request) throws(InvocationRefusal) in
            // It never ends: the process is gone before.
            try? await Task.sleep(for: .seconds(3600))
            throw .cancelled
        }
        await first.queue.start()
        for id in ["a", "b", "c"] { _ = try await first.accept(id) }
        // The function may run one at a time.
        #expect(try await first.call("a", .running) != nil)
        let second = try QueueWorld(folder: first.folder) { (_, request) throws(InvocationRefusal) in
            ScriptedInvoker.answer(request)
        }
        await second.queue.start()
        for id in ["a", "b", "c"] { #expect(try await second.call(id, .succeeded)?.attempts == 1) }
        #expect(second.sink.invocations.map(\.outcome) == [.lost])
        #expect(second.sink.invocations.map(\.id) == ["a"])
        #expect(second.invoker.requests.count == 3)
        // The first one's late end changes nothing.
        first.queue.stop()
        first.queue.claims.cancelRunning()
        await first.queue.settle()
        #expect(try await second.store.queuedCall("a")?.state == .succeeded)
        try first.store.close()
        try await second.end()
    }

    @Test("what a gateway's own end cuts short is queued again, and does not count")
    func stopped() async throws {
        let world = try QueueWorld { (_, request) throws(InvocationRefusal) in
            // The end of the gateway cancels it.
            try? await Task.sleep(for: .seconds(60))
            return ScriptedInvoker.answer(request, .cancelled)
        }
        await world.queue.start()
        _ = try await world.accept("x")
        #expect(try await world.call("x", .running) != nil)
        world.queue.stop()
        world.queue.claims.cancelRunning()
        await world.queue.settle()
        let call = try #require(try await world.store.queuedCall("x"))
        #expect(call.state == .queued)
        #expect(call.attempts == 0)
        await #expect(throws: QueueRefusal.self) { try await world.accept("y") }
        try await world.end()
    }

    @Test(
        "an address that is no http URL is refused, and nothing is accepted",
        arguments: [
            "gopher://x/", "x", "http://", "http://a b/", "https://h/" + String(repeating: "a", count: 2100),
        ]
    )
    func callbackAddress(text: String) async throws {
        let world = try QueueWorld { (_, request) throws(InvocationRefusal) in ScriptedInvoker.answer(request)
        }
        await #expect(throws: QueueRefusal.self) { try await world.accept("x", callback: text) }
        #expect(try await world.store.queuedCall("x") == nil)
        try await world.end()
    }
}
