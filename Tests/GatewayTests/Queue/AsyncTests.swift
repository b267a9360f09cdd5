// SPDX-License-Identifier: Apache-2.0
// /async-function/NAME and the queue's paths, as a client sees them.

import FoundationEssentials
import FunctionModel
import FunctionStore
import Scheduler
import Testing

@testable import Gateway

@Suite struct AsyncTests {
    @Test("a call is answered with 202 and its id, and looks to its function like one that runs at once")
    func accepted() async throws {
        let invoker = FakeInvoker.makeEcho()
        try await TestGateway.run(invoker) { gateway in
            let answer = try await gateway.client.send(
                "POST",
                "/async-function/hello.openfaas-fn/a/b?q=1",
                headers: ["X-Call-Id: abc", "X-Callback-Url: http://example.org/", "X-Own: 1"],
                body: "the body"
            )
            #expect(answer.status == 202)
            #expect(answer["x-call-id"] == "abc")
            #expect(answer.body.isEmpty)
            let call = try #require(await gateway.store.queuedCall("abc"))
            #expect(call.state == .queued)
            #expect(call.bodyBytes == 8)
            #expect(call.callbackURL == "http://example.org/")
            let request = try #require(invoker.requests.first)
            #expect(request.trigger == .asynchronous)
            let variables = request.variableTexts
            #expect(variables.contains("REQUEST_URI=/function/hello/a/b?q=1"))
            #expect(variables.contains("SCRIPT_NAME=/function/hello"))
            #expect(variables.contains("PATH_INFO=/a/b"))
            #expect(variables.contains("HTTP_X_OWN=1"))
            #expect(!variables.contains { $0.hasPrefix("HTTP_X_CALLBACK") })
            let again = try await gateway.client.send(
                "POST",
                "/async-function/hello",
                headers: ["X-Call-Id: abc"]
            )
            #expect(again.status == 202)
            #expect(again["x-call-id"] == "spare")
        }
    }

    @Test("a call that is not accepted is answered with its status, and leaves nothing")
    func refused() async throws {
        let revisions = try [
            makeRevision("hello") { $0.limits.body = ByteCount(bytes: 10) },
            makeRevision(FakeCalls.full), makeRevision("shut") { $0.authentication = .basic },
        ]
        try await TestGateway.run(.makeEcho(), revisions) { gateway in
            let client = gateway.client
            #expect(try await client.send("POST", "/async-function/nobody").status == 404)
            #expect(try await client.send("POST", "/async-function/shut").status == 401)
            let put = try await client.send("PUT", "/async-function/hello")
            #expect(put.status == 405)
            #expect(put["allow"] == "POST")
            let large = try await client.send("POST", "/async-function/hello", body: "more than ten")
            #expect(large.status == 413)
            let full = try await client.send("POST", "/async-function/full")
            #expect(full.status == 429)
            #expect(full["retry-after"] == "5")
            let callback = try await client.send(
                "POST",
                "/async-function/hello",
                headers: ["X-Callback-Url: gopher://x"]
            )
            #expect(callback.status == 400)
            #expect(callback.body.contains("X-Callback-Url cannot be used"))
            #expect(try await gateway.store.queuedCalls(QueueQuery()).isEmpty)
        }
    }

    @Test("a chunked body beyond the limit is refused, one within it is kept whole")
    func chunked() async throws {
        let revision = try makeRevision("hello") { $0.limits.body = ByteCount(bytes: 200_000) }
        try await TestGateway.run(.makeEcho(), [revision]) { gateway in
            func post(_ bytes: Int, _ id: String) async throws -> WireAnswer {
                let chunk = String(repeating: "x", count: bytes)
                return try await gateway.client.raw(
                    "POST /async-function/hello HTTP/1.1\r\nHost: a\r\nX-Call-Id: \(id)\r\nConnection: close\r\n"
                        + "Transfer-Encoding: chunked\r\n\r\n\(String(bytes, radix: 16))\r\n\(chunk)\r\n0\r\n\r\n"
                )
            }
            let kept = try await post(150_000, "a")
            #expect(kept.status == 202)
            #expect(try await gateway.store.queuedCall("a")?.bodyBytes == 150_000)
            #expect(try await post(250_000, "b").status == 413)
            #expect(try await gateway.store.queuedCall("b") == nil)
        }
    }

    @Test("operators list, show, cancel, retry and purge; others are asked for credentials")
    func queueAPI() async throws {
        try await TestGateway.run(.makeEcho()) { gateway in
            for id in ["a", "b", "c"] {
                _ = try await gateway.client.send(
                    "POST",
                    "/async-function/hello",
                    headers: ["X-Call-Id: \(id)"]
                )
            }
            func send(_ method: String, _ path: String) async throws -> WireAnswer {
                try await gateway.client.send(method, path, headers: [TestGateway.authorization])
            }
            #expect(try await gateway.client.send("GET", "/v1/queue").status == 401)
            #expect(try await send("GET", "/v1/queue?limit=2").ids == ["c", "b"])
            #expect(try await send("GET", "/v1/queue?before=b").ids == ["a"])
            #expect(try await send("GET", "/v1/queue?state=failed,waiting").ids == [])
            #expect(try await send("GET", "/v1/queue?state=lost").status == 400)
            #expect(try await send("GET", "/v1/queue?function=other").ids == [])
            let shown = try await send("GET", "/v1/queue/a")
            #expect(shown.body.contains("\"state\":\"queued\""))
            #expect(shown.body.contains("\"trigger\":\"async\""))
            #expect(try await send("GET", "/v1/queue/nobody").status == 404)
            #expect(try await send("POST", "/v1/queue/a/retry").status == 409)
            #expect(try await send("DELETE", "/v1/queue/a").body.contains("\"state\":\"cancelled\""))
            #expect(try await send("DELETE", "/v1/queue/a").status == 409)
            #expect(try await send("POST", "/v1/queue/a/retry").body.contains("\"state\":\"queued\""))
            _ = try await send("DELETE", "/v1/queue/b")
            #expect(try await send("DELETE", "/v1/queue").body == "{\"purged\":0}")
            #expect(
                try await send("DELETE", "/v1/queue?state=cancelled,queued&function=hello").body
                    == "{\"purged\":3}"
            )
            #expect(try await send("GET", "/v1/queue").ids == [])
        }
    }

    @Test("a call is found by its id, queued or not, and its output is the function's")
    func callsAPI() async throws {
        try await TestGateway.run(.makeEcho()) { gateway in
            func get(_ path: String) async throws -> WireAnswer {
                try await gateway.client.send("GET", path, headers: [TestGateway.authorization])
            }
            let headers = ["X-Call-Id: a"]
            _ = try await gateway.client.send("POST", "/async-function/hello", headers: headers, body: "x")
            #expect(try await get("/v1/invocations/a").body.contains("\"state\":\"queued\""))
            #expect(try await get("/v1/invocations/a/output").status == 404)
            let request = QueueClaimRequest(owner: "o", lease: .seconds(60), countMax: 1)
            let claim = try #require(await gateway.store.claim(request).claims.first)
            var result = QueueResult(outcome: .ok)
            result.head = Data("field Content-Type:text/plain\n".utf8)
            result.status = 201
            let output = QueueContent.bytes(Data("the answer".utf8))
            _ = try await gateway.store.settle(claim, .finished(.succeeded, result, output: output))
            let answer = try await get("/v1/invocations/a/output")
            #expect(answer.status == 200)
            #expect(answer.body == "the answer")
            #expect(answer["content-type"] == "text/plain")
            #expect(try await get("/v1/invocations/a").body.contains("\"status\":201"))
            let name = try FunctionName("hello")
            gateway.recorder.append(FakeInvoker.record(name, "sync", .oom), logs: [])
            let record = try await get("/v1/invocations/sync").body
            #expect(record.contains("\"state\":\"failed\""))
            #expect(record.contains("\"trigger\":\"http\""))
            #expect(try await get("/v1/invocations/nobody").status == 404)
        }
    }

    @Test("the metrics have the depth of the queue")
    func metrics() async throws {
        try await TestGateway.run(.makeEcho()) { gateway in
            _ = try await gateway.client.send("POST", "/async-function/hello")
            let page = try await gateway.client.send("GET", "/metrics").body
            let gauge = "mayfly_queue_calls{function_name=\"hello.openfaas-fn\",state=\"queued\"} 1"
            #expect(page.contains(gauge))
            #expect(page.contains("# TYPE mayfly_queue_dead_letters_total counter"))
        }
    }
}

extension WireAnswer {
    /// The ids of a JSON array, in its order.
    fileprivate var ids: [String] {
        struct Element: Decodable { var id: String }
        // What is no array of calls has no ids, and is not equal to any.
        guard let elements = try? JSONDecoder().decode([Element].self, from: Data(bytes)) else {
            return [body]
        }
        return elements.map(\.id)
    }
}
