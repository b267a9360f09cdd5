// SPDX-License-Identifier: Apache-2.0
// Calls of Lambda functions, whose runtimes are a few lines each.

import Contracts
import Foundation
import FunctionModel
import HTTPTypes
import NIOCore
import Sandbox
import Synchronization
import Testing

@testable import Scheduler

@Suite("A Lambda function")
struct LambdaTests {
    private static func world(
        _ change: (inout FunctionConfiguration) -> Void = { _ in },
        runtime: @escaping @Sendable (RuntimeClient) -> Void
    ) throws -> DispatcherWorld {
        var program = FakeSandbox.Program()
        program.isEndless = true
        program.client = { connect in runtime(RuntimeClient(connect())) }
        return try DispatcherWorld(program, keepsFirst: true) {
            $0.contract = .lambda
            change(&$0)
        }
    }

    private static func record(_ world: DispatcherWorld) async throws -> Invocation {
        _ = await eventually { !world.sink.invocations.isEmpty }
        return try #require(world.sink.invocations.first)
    }

    /// Calls it; what comes of it is in the record.
    private static func call(_ world: DispatcherWorld, _ body: RequestBody = .none) async throws -> Invocation
    {
        _ = try await world.dispatcher.invoke(world.name, world.request(body))
        return try await record(world)
    }

    @Test("answers what its runtime answers, is stopped then, and its log has Lambda's lines")
    func answered() async throws {
        let heads = Mutex<[String]>([])
        let world = try Self.world { client in
            let next = client.next()
            heads.withLock { $0.append(next.head) }
            client.respond(#"{"statusCode":201,"headers":{"X-A":"1"},"body":"ok"}"#)
            // Held: it is stopped while it waits.
            _ = client.next()
        }
        guard
            case .complete(let head, let output, let shown) = try await world.dispatcher.invoke(
                world.name,
                world.request()
            )
        else {
            Issue.record("an answer that is not streamed is collected")
            return
        }
        #expect(head.status == 201 && head.fields[HTTPField.Name("X-A")!] == "1")
        #expect(String(buffer: output) == "ok" && shown.outcome == .ok)
        let record = try await Self.record(world)
        #expect(record.outcome == .ok && record.responseStatus == 201 && record.exitCode == nil)
        #expect(await eventually { world.spawner.counts.withLock { $0.killed } == 1 })
        let logs = world.sink.logs
        try #require(logs.count == 3, "\(logs)")
        #expect(logs[0] == "START RequestId: id Version: $LATEST")
        #expect(logs[1] == "END RequestId: id" && logs[2].contains("\tMemory Size: 128 MB\t"))
        #expect(logs[2].contains("\tInit Duration: "))
        let given = heads.withLock { $0[0] }
        #expect(given.contains("content-type: application/json\r\n"))
        #expect(given.contains("lambda-runtime-deadline-ms: "))
    }

    @Test("gets an HTTP request as payload 2.0, and the body of any other trigger as it is")
    func events() async throws {
        let seen = Mutex<[String]>([])
        let world = try Self.world { client in
            let next = client.next()
            seen.withLock { $0.append(next.event) }
            client.respond(#"{"statusCode":500}"#)
        }
        let http = try await Self.call(world, .whole(ByteBuffer(string: "a")))
        #expect(http.responseStatus == 500 && http.bytesIn == 1)
        var request = world.request(.whole(ByteBuffer(string: #"{"a":1}"#)))
        request.trigger = .schedule
        guard case .complete(let head, let output, _) = try await world.dispatcher.invoke(world.name, request)
        else {
            Issue.record("an answer that is not streamed is collected")
            return
        }
        #expect(head.status == 200 && String(buffer: output) == #"{"statusCode":500}"#)
        let events = seen.withLock { $0 }
        #expect(events[0].contains(#""body":"a","isBase64Encoded":false"#))
        #expect(events[1] == #"{"a":1}"#)
    }

    @Test("takes a body that comes in pieces before it leases a sandbox, up to 6 MiB")
    func pieces() async throws {
        let seen = Mutex("")
        let world = try Self.world { client in
            let next = client.next()
            seen.withLock { $0 = next.event }
            client.respond("1")
        }
        _ = try await Self.call(
            world,
            .stream { write in
                for piece in ["a", "b"] { _ = await write(ByteBuffer(string: piece)) }
            }
        )
        #expect(seen.withLock { $0 }.contains(#""body":"ab""#))
        let large = RequestBody.stream { write in
            let piece = ByteBuffer(repeating: 65, count: 1 << 20)
            while await write(piece) {}
        }
        for (body, refusal) in [
            (large, InvocationRefusal.requestInvalid(.eventTooLarge)),
            (.stream { _ in throw RequestBodyTooLarge() }, .bodyFailed(.bodyTooLarge)),
            (.stream { _ in throw RequestBodyFailure.stalled }, .bodyFailed(.bodyStalled)),
            (.stream { _ in throw CancellationError() }, .cancelled),
        ] {
            await #expect(throws: refusal) {
                _ = try await world.dispatcher.invoke(world.name, world.request(body))
            }
        }
        let causes = world.sink.invocations.dropFirst().map(\.cause)
        #expect(causes == [.bodyTooLarge, .bodyTooLarge, .bodyStalled, nil])
    }

    @Test(
        "takes no body in pieces while those of other calls use up the memory for them, and gives its own back"
    )
    func budget() async throws {
        let world = try Self.world { client in
            _ = client.next()
            client.respond("1")
        }
        let body = RequestBody.stream { write in _ = await write(ByteBuffer(string: "ab")) }
        let budget = world.dispatcher.eventBudget
        var others: ByteBudget.Share? = ByteBudget.Share(budget)
        #expect(others?.take(ByteBudget.bytesMax - 1) == true)
        do {
            _ = try await world.dispatcher.invoke(world.name, world.request(body))
            Issue.record("there is no memory for it")
        } catch {
            guard case .unavailable = error else { throw error }
        }
        others = ByteBudget.Share(budget)
        #expect(others?.take(ByteBudget.bytesMax - 2) == true)
        #expect(try await Self.call(world, body).cause == .hostUnavailable)
        _ = try await world.dispatcher.invoke(world.name, world.request(body))
        #expect(await eventually { others?.take(2) == true })
        #expect(others?.take(1) == false)
    }

    @Test(
        "whose runtime breaks a rule is the platform's failure, with the rule in the log",
        arguments: [
            ("next", ResponseFault.unanswered), ("large", .payloadTooLarge), ("cut", .cutAnswer),
            ("text", .notJSON), ("stray", .strayRequests),
        ]
    )
    func broken(kind: String, fault: ResponseFault) async throws {
        if kind == "stray" { return try await stray(fault) }
        let world = try Self.world { client in
            _ = client.next()
            let path = "invocation/\(client.id)/response"
            switch kind {
            case "next": _ = client.next()
            case "large":
                let length = "Content-Length: \(RuntimeState.payloadBytesMax + 1)\r\n\r\n"
                client.write("POST \(RuntimeClient.prefix)\(path) HTTP/1.1\r\n\(length)")
                usleep(100_000)
            case "cut":
                client.write("POST \(RuntimeClient.prefix)\(path) HTTP/1.1\r\nContent-Length: 9\r\n\r\nab")
                // Else the end would come with it.
                usleep(20_000)
                shutdown(client.end, Int32(SHUT_WR))
                usleep(100_000)
            case "text": client.respond("hello")
            default: break
            }
        }
        let record = try await Self.call(world)
        #expect(record.outcome == .platform && record.cause == .answerMalformed)
        #expect(world.sink.logs.contains { $0.contains(fault.rawValue) }, "\(world.sink.logs)")
    }

    /// Wrong requests on many connections.
    private func stray(_ fault: ResponseFault) async throws {
        var program = FakeSandbox.Program()
        program.isEndless = true
        let statuses = Mutex<Set<String>>([])
        program.client = { connect in
            let first = RuntimeClient(connect())
            _ = first.next()
            for _ in 0..<100 {
                let status = RuntimeClient(connect()).post("invocation/other/response", "1")
                statuses.withLock { _ = $0.insert(status) }
            }
            withExtendedLifetime(first) {}
        }
        let world = try DispatcherWorld(program, keepsFirst: true) { $0.contract = .lambda }
        let record = try await Self.call(world)
        #expect(record.outcome == .platform && record.cause == .answerMalformed)
        #expect(world.sink.logs.contains { $0.contains(fault.rawValue) }, "\(world.sink.logs)")
        #expect(statuses.withLock { $0 }.contains("400"))
    }

    @Test("that reports an error has failed, with the error in its log")
    func error() async throws {
        let world = try Self.world { client in
            _ = client.next()
            client.post(
                "invocation/\(client.id)/error",
                #"{"errorMessage":"no way","errorType":"ValueError"}"#
            )
        }
        let record = try await Self.call(world)
        #expect(record.outcome == .exit && record.cause == .functionFailed && record.exitCode == nil)
        #expect(world.sink.logs.contains("mayfly: the function reports an error: ValueError: no way"))
    }

    @Test("that cannot be initialised refuses its calls with its reason")
    func initError() async throws {
        let world = try Self.world { client in
            client.post("init/error", #"{"errorMessage":"no module","errorType":"ImportError"}"#)
        }
        do {
            _ = try await world.dispatcher.invoke(world.name, world.request())
            Issue.record("it is not initialised")
        } catch {
            guard case .cannotStart(let reason) = error else { throw error }
            #expect(reason == "its initialisation failed: ImportError: no module")
        }
    }

    @Test("whose program exits without an answer has failed with its exit code, or without one broken a rule")
    func exits() async throws {
        for (code, outcome) in [(Int32(3), Outcome.exit), (0, .platform)] {
            let isCalled = Mutex(false)
            let world = try Self.world { client in
                _ = client.next()
                isCalled.withLock { $0 = true }
            }
            let death = Task {
                _ = await eventually { isCalled.withLock { $0 } }
                world.spawner.first.withLock { $0 }?.end(ExitReport(ending: .exited(code: code)))
            }
            let record = try await Self.call(world)
            await death.value
            #expect(record.outcome == outcome)
            #expect(record.exitCode == (code == 0 ? nil : 3))
        }
    }

    /// A streamed answer with these parts.
    private static func streaming(_ type: String, _ parts: String, trailers: String = "") throws
        -> DispatcherWorld
    {
        try world { client in
            _ = client.next()
            client.write(
                "POST \(RuntimeClient.prefix)invocation/\(client.id)/response HTTP/1.1\r\nContent-Type: \(type)\r\n"
                    + "Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "\(String(parts.utf8.count, radix: 16))\r\n\(parts)\r\n"
            )
            usleep(50_000)
            client.write("3\r\nend\r\n0\r\n\(trailers)\r\n")
            usleep(500_000)
        }
    }

    /// Head, body and record of a streamed answer.
    private static func read(_ world: DispatcherWorld) async throws -> (ResponseHead, String, Invocation) {
        guard
            case .streaming(let head, let stream) = try await world.dispatcher.invoke(
                world.name,
                world.request()
            )
        else { throw DispatcherWorld.Streamed() }
        var body = ""
        while let piece = await stream.next() { body += String(buffer: piece) }
        return (head, body, await stream.ending())
    }

    @Test("streams its answer, with a prelude or a type")
    func streamed() async throws {
        let prelude =
            #"{"statusCode":202,"headers":{"Content-Type":"a/b"}}"# + String(repeating: "\0", count: 8)
        let first = try await Self.read(try Self.streaming(LambdaPrelude.mediaType, prelude + "begin"))
        #expect(first.0.status == 202 && first.0.fields[.contentType] == "a/b")
        #expect(first.1 == "beginend" && first.2.outcome == .ok && first.2.isCommitted)
        let second = try await Self.read(try Self.streaming("text/plain", "begin"))
        #expect(second.0.status == 200 && second.0.fields[.contentType] == "text/plain")
        #expect(second.1 == "beginend" && second.2.outcome == .ok)
        let malformed = try Self.streaming(
            LambdaPrelude.mediaType,
            "hello" + String(repeating: "\0", count: 8)
        )
        #expect(try await Self.call(malformed).cause == .answerMalformed)
    }

    @Test("that reports an error behind the beginning of its answer has a failed record")
    func failedInside() async throws {
        let world = try Self.streaming(
            "text/plain",
            "begin",
            trailers: "Lambda-Runtime-Function-Error-Type: E\r\n"
        )
        let answer = try await Self.read(world)
        #expect(answer.1 == "beginend" && answer.2.outcome == .exit && answer.2.isCommitted)
        #expect(world.sink.logs.contains("mayfly: the function reports an error: E"))
    }

    @Test("runs with the variables of AWS Lambda, of which some are the image's or the function's")
    func environment() async throws {
        let world = try Self.world {
            $0.environment = ["TZ": "Europe/Berlin", "AWS_LAMBDA_RUNTIME_API": "elsewhere"]
            $0.limits.memory = .mebibytes(256)
        } runtime: { client in
            _ = client.next()
            client.respond("1")
        }
        _ = try await Self.call(world)
        let environment = try #require(world.spawner.first.withLock { $0?.environment })
        for expected in [
            "AWS_LAMBDA_RUNTIME_API=127.0.0.1:9001", "TZ=Europe/Berlin", "AWS_LAMBDA_FUNCTION_NAME=f",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "_HANDLER=/run",
            "AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/f", "AWS_LAMBDA_LOG_STREAM_NAME=[$LATEST]2",
            "LAMBDA_TASK_ROOT=/var/task", "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=none",
            "MAYFLY_REVISION=2",
        ] {
            #expect(environment.filter { $0 == expected }.count == 1, "\(expected)")
        }
        #expect(Set(environment.map { $0.prefix { $0 != "=" } }).count == environment.count)
    }
}
