// SPDX-License-Identifier: Apache-2.0
// Delivery of results to callbacks: over real connections, from a real store.

import Foundation
import FunctionModel
import FunctionStore
import HTTPClient
import HTTPTypes
import Testing

@testable import Scheduler

@Suite struct CallbackTests {
    /// A store with one finished call, and a service over it.
    private struct World {
        let folder = NSTemporaryDirectory() + "/mayfly-callback-\(UUID().uuidString)"
        let store: SQLiteStore
        let service: CallbackService

        init(allowed: [IPv4Network]) throws {
            store = try SQLiteStore(path: folder + "/mayfly.sqlite", logger: .silent)
            service = CallbackService(store: store, allowed: allowed, statusOf: { _ in 503 }, logger: .silent)
        }

        /// Accepts a call and ends it.
        func finish(
            _ id: String,
            _ url: String,
            _ result: QueueResult,
            output: QueueContent = .bytes(Data("the output".utf8))
        ) async throws {
            var call = NewQueuedCall(
                id: id,
                spareID: id + "-",
                function: queueFunction,
                head: Data(),
                body: .none
            )
            call.callbackURL = url
            _ = try await store.enqueue(call, QueueLimits())
            let request = QueueClaimRequest(owner: "o", lease: .seconds(60), countMax: 1)
            let claim = try #require(await store.claim(request).claims.first)
            _ = try await store.settle(claim, .finished(.succeeded, result, output: output))
            service.wake()
        }

        func callback(_ id: String, _ state: CallbackState) async throws -> QueuedCall? {
            for _ in 0..<1000 {
                let call = try await store.queuedCall(id)
                if call?.callbackState == state { return call }
                try await Task.sleep(for: .milliseconds(5))
            }
            return nil
        }

        func end() async throws {
            await service.stop()
            try store.close()
            try FileManager.default.removeItem(atPath: folder)
        }
    }

    private static func result(_ fields: HTTPFields = HTTPFields()) -> QueueResult {
        var result = QueueResult(outcome: .ok, milliseconds: 1234.5)
        result.status = 201
        result.head = QueuedHead.encode(fields)
        return result
    }

    private static let loopback = IPv4Network("127.0.0.0/8")

    @Test("a receiver that fails at first gets the result again, with OpenFaaS's fields")
    func delivered() async throws {
        let receiver = try CallbackReceiver { $0 == 1 ? 500 : 200 }
        defer { receiver.stop() }
        let world = try World(allowed: [#require(Self.loopback)])
        world.service.start()
        try await world.finish("x", receiver.url, Self.result([.contentType: "text/plain"]))
        let call = try await world.callback("x", .delivered)
        #expect(call != nil)
        #expect(receiver.all.count == 2)
        for request in receiver.all {
            #expect(request.requestLine == "POST /done HTTP/1.1")
            #expect(request.body == "the output")
            #expect(request.fields["content-type"] == "text/plain")
            #expect(request.fields["x-call-id"] == "x")
            #expect(request.fields["x-function-name"] == "f")
            #expect(request.fields["x-function-status"] == "201")
            #expect(request.fields["x-duration-seconds"] == "1.234500")
        }
        try await world.end()
    }

    @Test("a callback reaches nothing of this host unless the configuration opens it")
    func forbidden() async throws {
        let receiver = try CallbackReceiver { _ in 200 }
        defer { receiver.stop() }
        let world = try World(allowed: [])
        world.service.start()
        for (id, host) in [
            ("a", "127.0.0.1"), ("b", "localhost"), ("c", "[::ffff:127.0.0.1]"), ("d", "0.0.0.0"),
        ] {
            try await world.finish(id, "http://\(host):\(receiver.port)/", Self.result())
            let call = try await world.callback(id, .failed)
            #expect(call?.callbackReason?.contains("may not go to that address") == true, "\(host)")
        }
        #expect(receiver.all.isEmpty)
        try await world.end()
    }

    @Test("a function's fields become no fields that steer the callback's request")
    func fields() async throws {
        let receiver = try CallbackReceiver { _ in 200 }
        defer { receiver.stop() }
        let world = try World(allowed: [#require(Self.loopback)])
        world.service.start()
        var fields = HTTPFields()
        for name in [
            "Host", "Content-Length", "Transfer-Encoding", "Authorization", "Cookie", "Expect", "X-Call-Id",
        ] {
            fields.append(HTTPField(name: try #require(HTTPField.Name(name)), value: "7"))
        }
        let own = try #require(HTTPField.Name("X-Own"))
        for value in ["1", "2"] { fields.append(HTTPField(name: own, value: value)) }
        try await world.finish("x", receiver.url, Self.result(fields))
        #expect(try await world.callback("x", .delivered) != nil)
        let request = try #require(receiver.all.first)
        #expect(request.fields["host"] == "127.0.0.1:\(receiver.port)")
        #expect(request.fields["content-length"] == "10")
        #expect(request.fields["x-call-id"] == "x")
        #expect(request.fields["x-own"] == "1, 2")
        for name in ["transfer-encoding", "authorization", "cookie", "expect"] {
            #expect(request.fields[name] == nil, "\(name)")
        }
        #expect(request.body == "the output")
        try await world.end()
    }

    @Test("a receiver that refuses for good is not asked again")
    func refused() async throws {
        let receiver = try CallbackReceiver { _ in 404 }
        defer { receiver.stop() }
        let world = try World(allowed: [#require(Self.loopback)])
        world.service.start()
        try await world.finish("x", receiver.url, Self.result())
        let call = try await world.callback("x", .failed)
        #expect(call?.callbackReason == "the receiver answered with status 404")
        #expect(receiver.all.count == 1)
        try await world.end()
    }

    @Test("a function that was not reached is reported as unavailable, and a time has six digits")
    func texts() async throws {
        let world = try World(allowed: [])
        let policy = CallbackRequest(
            destinations: DestinationPolicy(),
            statusOf: { $0.cause == .hostUnavailable ? 503 : 1 }
        )
        try await world.finish("x", "http://example.org/", QueueResult(outcome: .oom, milliseconds: 0.007))
        let fields = policy.fields(of: try #require(await world.store.queuedCall("x")))
        #expect(fields["x-function-status"] == "503")
        #expect(fields["x-duration-seconds"] == "0.000007")
        #expect(CallbackRequest.seconds(milliseconds: .nan) == "0.000000")
        try await world.end()
    }
}
