// SPDX-License-Identifier: Apache-2.0
// Asynchronous calls: accepted, run again until they succeed, kept when they never do, results delivered to their
// callback.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct AsyncTests {
        /// Fails while the clock is before the second that its body names.
        private static let until = """
            read -r second
            now=$(/bin/busybox date +%s)
            echo "$now of $second, call $MAYFLY_INVOCATION_ID"
            [ "$now" -ge "$second" ]

            """
        /// Logs what it gets; fails while the clock is before the second in its query.
        private static let receiver = """
            now=$(/bin/busybox date +%s)
            echo "at $now: $HTTP_X_CALL_ID $HTTP_X_FUNCTION_NAME $HTTP_X_FUNCTION_STATUS $(/bin/busybox cat)" >&2
            [ "$now" -ge "${QUERY_STRING:-0}" ]

            """

        private static func second(in seconds: Int) -> Int { Int(Date().timeIntervalSince1970) + seconds }

        @Test("a queued call runs again until it succeeds, and its id leads to state, record and output")
        func untilItSucceeds() async throws {
            try await GatewayUnderTest.with { gateway in
                let folder = try await Fixtures.shell(
                    Self.until,
                    name: "until",
                    configuration: "async: {attempts: 50, min_wait: 300ms, max_wait: 300ms}"
                )
                defer { folder.remove() }
                try await gateway.require("deploy", folder.url.path)
                let second = Self.second(in: 2)
                let id = try await gateway.require("invoke", "until", "--async", "-d", "\(second)\n").trimmed
                let call = try await gateway.queued(id, "succeeded")
                #expect(call.attempts > 1)
                #expect(call.trigger == "async")
                #expect(call.record?.outcome == "ok")
                let output = try await gateway.require("queue", "show", id, "--show-output")
                #expect(output.contains("of \(second), call \(id)"))
                let records = try await gateway.invocations("until", atLeast: call.attempts)
                #expect(records.allSatisfy { $0.trigger == "async" && $0.id == id && $0.fresh })
                #expect(records.count == call.attempts)
                #expect(try await gateway.require("queue", "list").contains(id))
            }
        }

        @Test("what never succeeds is a dead letter; it is run again, cancelled and removed by its id")
        func deadLetter() async throws {
            try await GatewayUnderTest.with { gateway in
                let folder = try await Fixtures.shell(Self.until, name: "until")
                defer { folder.remove() }
                try await gateway.require(
                    "deploy",
                    folder.url.path,
                    "--async-attempts",
                    "2",
                    "--async-min-wait",
                    "100ms",
                    "--async-max-wait",
                    "100ms"
                )
                let second = Self.second(in: 3)
                let id = try await gateway.require("invoke", "until", "--async", "-d", "\(second)\n").trimmed
                let letter = try await gateway.queued(id, "failed")
                #expect(letter.attempts == 2)
                #expect(letter.exitCode == 1)
                #expect(try await gateway.require("queue", "list", "--state", "failed").contains(id))
                let metrics = try await gateway.call("/metrics").text
                #expect(
                    metrics.contains("mayfly_queue_dead_letters_total{function_name=\"until.openfaas-fn\"} 1")
                )
                while Self.second(in: 0) < second { try await Task.sleep(for: .milliseconds(100)) }
                try await gateway.require("queue", "retry", id)
                #expect(try await gateway.queued(id, "succeeded").attempts == 1)
                let again = try await gateway.faasctl("queue", "retry", id)
                #expect(again.code == 1)
                #expect(again.error.contains("is succeeded, expected failed or cancelled"))
                try await gateway.require("queue", "purge", "--state", "succeeded")
                #expect(try await gateway.faasctl("queue", "show", "\(id)-").code == 1)
            }
        }

        @Test("a running call that is cancelled ends, and nothing of it is left")
        func cancel() async throws {
            try await GatewayUnderTest.with { gateway in
                let folder = try await Fixtures.shell("/bin/busybox sleep 600\n", name: "long")
                defer { folder.remove() }
                try await gateway.require("deploy", folder.url.path)
                let id = try await gateway.require("invoke", "long", "--async").trimmed
                _ = try await gateway.queued(id, "running")
                try await gateway.require("queue", "cancel", id)
                #expect(try await gateway.queued(id, "cancelled").record?.outcome == "cancelled")
            }
        }

        @Test("a body of 8 MiB reaches its function whole, in pieces from the disk")
        func largeBody() async throws {
            try await GatewayUnderTest.with { gateway in
                let folder = try await Fixtures.shell(
                    "echo $(/bin/busybox md5sum) $CONTENT_LENGTH\n",
                    name: "sum"
                )
                defer { folder.remove() }
                try await gateway.require("deploy", folder.url.path)
                var body = Data((0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) })
                body = body + body + body + body
                body += body
                let answer = try await gateway.call("/async-function/sum", method: "POST", body: body)
                #expect(answer.status == 202)
                let id = try #require(answer.headers["x-call-id"])
                _ = try await gateway.queued(id, "succeeded")
                let file = folder.url.appendingPathComponent("body")
                try body.write(to: file)
                let sum = try await Command.require("md5sum", file.path).prefix(32)
                let output = try await gateway.require("queue", "show", id, "--show-output").trimmed
                #expect(output == "\(sum) - \(body.count)")
                let left = try FileManager.default.contentsOfDirectory(atPath: gateway.dataFolder + "/queue")
                #expect(left.isEmpty)
            }
        }

        @Test("the result is POSTed to the callback's address, again while its receiver fails")
        func callback() async throws {
            let settings = try TemporaryFolder()
            defer { settings.remove() }
            try settings.write("callback_allow: [127.0.0.1]\n", to: "config.yaml")
            let file = settings.url.appendingPathComponent("config.yaml").path
            try await GatewayUnderTest.with(arguments: ["--config", file]) { gateway in
                let worker = try await Fixtures.shell(
                    "echo worked; exit ${QUERY_STRING:-0}\n",
                    name: "worker"
                )
                let receiver = try await Fixtures.shell(Self.receiver, name: "receiver")
                defer {
                    worker.remove()
                    receiver.remove()
                }
                try await gateway.require("deploy", worker.url.path, "--async-attempts", "1")
                try await gateway.require("deploy", receiver.url.path)
                let url = gateway.address + "/function/receiver?\(Self.second(in: 2))"
                let header = "X-Callback-Url: \(url)"
                let id = try await gateway.require("invoke", "worker", "--async", "-H", header).trimmed
                let failing = try await gateway.require(
                    "invoke",
                    "worker",
                    "--async",
                    "--query",
                    "3",
                    "-H",
                    "X-Callback-Url: \(gateway.address)/function/receiver"
                ).trimmed
                #expect(try await gateway.delivered(id))
                #expect(try await gateway.delivered(failing))
                let log = try await gateway.require("logs", "receiver")
                #expect(log.contains("\(id) worker 200 worked"))
                #expect(log.contains("\(failing) worker 500 worked"))
                #expect(
                    try await gateway.invocations("receiver", atLeast: 3).contains { $0.outcome == "exit" }
                )
            }
        }

        @Test("a callback to the host itself is refused unless the configuration opens it")
        func callbackRefused() async throws {
            try await GatewayUnderTest.with { gateway in
                try await gateway.require("deploy", Fixtures.function("hello"))
                let header = "X-Callback-Url: \(gateway.address)/function/hello"
                let id = try await gateway.require("invoke", "hello", "--async", "-H", header).trimmed
                var call = try await gateway.queued(id, "succeeded")
                for _ in 0..<100 where call.callbackState != "failed" {
                    try await Task.sleep(for: .milliseconds(100))
                    call = try await gateway.queued(id, "succeeded")
                }
                #expect(call.callbackReason?.contains("may not go to that address") == true)
                let bad = try await gateway.faasctl(
                    "invoke",
                    "hello",
                    "--async",
                    "-H",
                    "X-Callback-Url: file:///x"
                )
                #expect(bad.code == 1)
            }
        }
    }
}

/// What `/v1/invocations/ID` says.
struct QueuedCallState: Decodable, Sendable {
    var id: String
    var state: String
    var trigger: String
    var attempts: Int
    var exitCode: Int?
    var losses: Int?
    var callbackState: String?
    var callbackReason: String?
    var record: InvocationRecord?
}

extension GatewayUnderTest {
    /// A call once it is in the state.
    func queued(_ id: String, _ state: String) async throws -> QueuedCallState {
        var last = ""
        let deadline = ContinuousClock.now + .seconds(Patience.seconds(60))
        while ContinuousClock.now < deadline {
            last = try await require("queue", "show", id, "--output", "json")
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            let call = try decoder.decode(QueuedCallState.self, from: Data(last.utf8))
            if call.state == state { return call }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw HarnessError("the call never became \(state): \(last)")
    }

    /// Whether the result arrived in time.
    func delivered(_ id: String) async throws -> Bool {
        for _ in 0..<200 {
            let text = try await require("queue", "show", id, "--output", "json")
            if text.contains("\"callback_state\":\"delivered\"") { return true }
            try await Task.sleep(for: .milliseconds(100))
        }
        return false
    }
}

extension String {
    fileprivate var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
