// SPDX-License-Identifier: Apache-2.0
// Calls of functions whose server was started ahead, with servers that are a few bytes.

import Contracts
import Foundation
import FunctionModel
import Glibc
import HTTPTypes
import NIOCore
import Sandbox
import Synchronization
import Testing

@testable import Scheduler

/// Reads one request's head, writes an answer and closes.
///
/// - Parameters:
///   - answer: everything that it writes.
///   - lingerMicroseconds: how long it keeps the connection after that.
/// - Returns: the program.
private func server(_ answer: String, lingerMicroseconds: UInt32 = 0) -> FakeSandbox.Program {
    var program = FakeSandbox.Program()
    program.isEndless = true
    program.server = { connection in
        var text = ""
        var byte: UInt8 = 0
        // A readiness check closes without a request.
        while !text.hasSuffix("\r\n\r\n"), read(connection, &byte, 1) == 1 {
            text.unicodeScalars.append(Unicode.Scalar(byte))
        }
        if !text.isEmpty { _ = answer.withCString { write(connection, $0, strlen($0)) } }
        usleep(lingerMicroseconds)
        close(connection)
    }
    return program
}

@Suite("A function with a server of its own")
struct ServeTests {
    private static func world(
        _ program: FakeSandbox.Program,
        _ change: (inout FunctionConfiguration) -> Void = { _ in }
    ) throws -> DispatcherWorld {
        try DispatcherWorld(program, keepsFirst: true) {
            $0.contract = .http
            change(&$0)
        }
    }

    /// The record that is stored, which comes after the answer.
    private static func record(_ world: DispatcherWorld) async throws -> Invocation {
        _ = await eventually { !world.sink.invocations.isEmpty }
        return try #require(world.sink.invocations.first)
    }

    @Test("answers what its server answers, is stopped then, and what it wrote before is the call's log")
    func answered() async throws {
        var program = server("HTTP/1.1 201 Made\r\nContent-Length: 2\r\nX-A: 1\r\n\r\nok")
        program.standardError = "listening\n"
        program.refusedMax = 3
        let world = try Self.world(program)
        guard
            case .complete(let head, let output, let shown) = try await world.dispatcher.invoke(
                world.name,
                world.request()
            )
        else {
            Issue.record("a short answer is collected")
            return
        }
        #expect(head.status == 201)
        #expect(head.fields[HTTPField.Name("X-A")!] == "1")
        #expect(String(buffer: output) == "ok")
        #expect(shown.outcome == .ok && shown.responseStatus == 201)
        let record = try await Self.record(world)
        #expect(record.outcome == .ok && record.responseStatus == 201 && record.exitCode == nil)
        #expect(record.bytesOut == 2)
        #expect(world.sink.logs == ["listening"])
        #expect(await eventually { world.spawner.counts.withLock { $0.killed } == 1 })
    }

    @Test(
        "that breaks a rule of HTTP is the platform's failure, with the rule in the log",
        arguments: [
            ("", ResponseFault.noAnswer), ("nonsense\r\n\r\n", .notHTTP),
            ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", .cutAnswer),
            ("HTTP/1.1 101 Switch\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", .status),
        ]
    )
    func broken(answer: String, fault: ResponseFault) async throws {
        let world = try Self.world(server(answer))
        _ = try await world.dispatcher.invoke(world.name, world.request())
        let record = try await Self.record(world)
        #expect(record.outcome == .platform && record.cause == .answerMalformed)
        #expect(world.sink.logs.contains { $0.contains(fault.rawValue) }, "\(world.sink.logs)")
    }

    @Test("streams a long answer, and an answer that breaks off has a failed record")
    func streamed() async throws {
        let world = try Self.world(
            server("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nabc", lingerMicroseconds: 300_000)
        )
        guard case .streaming(_, let stream) = try await world.dispatcher.invoke(world.name, world.request())
        else {
            Issue.record("a long answer is streamed")
            return
        }
        #expect(await stream.next() == ByteBuffer(string: "abc"))
        #expect(await stream.next() == nil)
        let record = await stream.ending()
        #expect(record.outcome == .platform && record.isCommitted)
    }

    private static let switching = "HTTP/1.1 101 Switch\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n"

    /// Agrees to another protocol, with its first bytes right behind the head, and returns what it gets.
    private static func echoing() -> FakeSandbox.Program {
        var program = FakeSandbox.Program()
        program.isEndless = true
        program.server = { connection in
            var text = ""
            var byte: UInt8 = 0
            while !text.hasSuffix("\r\n\r\n"), read(connection, &byte, 1) == 1 {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            }
            if text.contains("pgrade: echo\r\n"), text.contains("onnection: upgrade\r\n") {
                _ = (switching + "hello").withCString { write(connection, $0, strlen($0)) }
                while read(connection, &byte, 1) == 1 { _ = write(connection, &byte, 1) }
            }
            close(connection)
        }
        return program
    }

    private static func upgrade(_ world: DispatcherWorld, _ body: RequestBody) async throws -> (
        any Scheduler.OutputStream
    )? {
        var request = world.request(body)
        request.head.upgrade = "echo"
        guard case .streaming(let head, let stream) = try await world.dispatcher.invoke(world.name, request)
        else {
            Issue.record("an agreed protocol streams")
            return nil
        }
        #expect(
            head.status == 101 && head.fields[.upgrade] == "echo" && head.fields[.connection] == "upgrade"
        )
        return stream
    }

    @Test(
        "that agrees to another protocol gets the client's bytes, and its own go to the client, to the end of both"
    )
    func upgraded() async throws {
        let world = try Self.world(Self.echoing()) { $0.reuse = 9 }
        let stream = try await Self.upgrade(
            world,
            .stream { write in
                for piece in ["one ", "two"] { _ = await write(ByteBuffer(string: piece)) }
            }
        )
        var text = ""
        while let piece = await stream?.next() { text += String(buffer: piece) }
        #expect(text == "helloone two")
        let record = try #require(await stream?.ending())
        #expect(record.outcome == .ok && record.responseStatus == 101)
        #expect(record.bytesIn == 7 && record.bytesOut == 12)
        #expect(
            await eventually { world.spawner.counts.withLock { $0.killed } == 1 },
            "it serves no other call"
        )
    }

    @Test(
        "that agreed to another protocol is stopped when its client is gone, and at the limits of time and bytes"
    )
    func upgradeLimits() async throws {
        let timeout = try TimeSpan("300ms", field: "timeout")
        let world = try Self.world(Self.echoing()) {
            $0.timeout = timeout
            $0.limits.output = ByteCount(bytes: 4096)
        }
        let endless: @Sendable ((ByteBuffer) async -> Bool) async throws -> Void = { _ in
            try await Task.sleep(for: .seconds(60))
        }
        let abandoned = try await Self.upgrade(world, .stream(endless))
        abandoned?.cancel()
        #expect(await abandoned?.ending().outcome == .cancelled)
        let late = try await Self.upgrade(world, .stream(endless))
        #expect(await late?.ending().outcome == .timeout)
        let flooding = try await Self.upgrade(
            world,
            .stream { write in
                for _ in 0..<8 { _ = await write(ByteBuffer(repeating: 1, count: 1024)) }
                try await Task.sleep(for: .seconds(60))
            }
        )
        while await flooding?.next() != nil {}
        #expect(await flooding?.ending().limitsReached == [.output])
        let lost = try await Self.upgrade(world, .stream { _ in throw Lost() })
        #expect(await lost?.ending().outcome == .cancelled)
    }

    private struct Lost: Error {}

    @Test("passes on the fields behind a body, also of a short answer")
    func trailers() async throws {
        let world = try Self.world(
            server(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\nHost: x\r\n\r\n"
            )
        )
        guard
            case .streaming(let head, let stream) = try await world.dispatcher.invoke(
                world.name,
                world.request()
            )
        else {
            Issue.record("trailers follow a body in pieces")
            return
        }
        #expect(head.trailerNames == ["X-Sum"] && head.bodyBytes == nil)
        #expect(await stream.next() == ByteBuffer(string: "ok"))
        #expect(await stream.next() == nil)
        #expect(await stream.ending().outcome == .ok)
        #expect(stream.trailers == [HTTPField.Name("X-Sum")!: "7"])
    }

    @Test("is stopped and recorded as cancelled when its reader goes away")
    func abandoned() async throws {
        let world = try Self.world(
            server("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nabc", lingerMicroseconds: 300_000)
        )
        if case .streaming(_, let stream) = try await world.dispatcher.invoke(world.name, world.request()) {
            stream.cancel()
        }
        #expect(try await Self.record(world).outcome == .cancelled)
    }

    @Test("that exits before it is ready refuses its calls with the reason and the end of its output")
    func neverReady() async throws {
        var program = FakeSandbox.Program()
        program.isEndless = true
        program.standardError = "no such module\n"
        let world = try Self.world(program)
        let died = Task {
            _ = await eventually { world.spawner.first.withLock { $0 } != nil }
            world.spawner.first.withLock { $0 }?.end(ExitReport(ending: .exited(code: 1)))
            world.spawner.first.withLock { $0 }?.dieUnused()
        }
        do {
            _ = try await world.dispatcher.invoke(world.name, world.request())
            Issue.record("it has no server")
        } catch {
            guard case .cannotStart(let reason) = error else { throw error }
            #expect(reason.contains("ended before it was ready (killed)"))
            #expect(reason.hasSuffix("no such module"))
        }
        await died.value
    }

    @Test(
        "a stdio program that is started before its request gets it on standard input and answers with its output"
    )
    func prestarted() async throws {
        var program = FakeSandbox.Program()
        program.output = [ByteBuffer(string: "ok")]
        program.standardError = "warm\n"
        let world = try DispatcherWorld(program, keepsFirst: true) { $0.prestart = true }
        let end = Task {
            _ = await eventually { world.spawner.first.withLock { $0?.isInputClosed } == true }
            world.spawner.first.withLock { $0 }?.end(ExitReport(ending: .exited(code: 0)))
        }
        let answer = try await world.complete(.whole(ByteBuffer(string: "in")))
        #expect(answer.output == "ok" && answer.invocation.outcome == .ok)
        #expect(world.spawner.first.withLock { $0?.input } == ByteBuffer(string: "in"))
        #expect(world.sink.logs == ["warm"])
        await end.value
    }

    /// Serves requests on kept connections; the path is the status.
    private static func keeping(_ connections: Counter) -> FakeSandbox.Program {
        var program = FakeSandbox.Program()
        program.isEndless = true
        program.server = { connection in
            var text = ""
            var byte: UInt8 = 0
            var isCounted = false
            while read(connection, &byte, 1) == 1 {
                text.unicodeScalars.append(Unicode.Scalar(byte))
                guard text.hasSuffix("\r\n\r\n") else { continue }
                if !isCounted { connections.add() }
                isCounted = true
                let isLast = text.contains("onnection: close")
                let answer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n" + (isLast ? "last" : "more")
                text = ""
                _ = answer.withCString { write(connection, $0, strlen($0)) }
            }
            close(connection)
        }
        return program
    }

    private final class Counter: Sendable {
        private let value = Mutex(0)
        var count: Int { value.withLock { $0 } }
        func add() { value.withLock { $0 += 1 } }
    }

    @Test("with reuse serves that many requests on one connection, and has a record of each")
    func reused() async throws {
        let connections = Counter()
        let world = try Self.world(Self.keeping(connections)) {
            ($0.reuse, $0.concurrency) = (3, 1)
        }
        for number in 1...6 {
            let answer = try await world.complete()
            #expect(answer.output == (number % 3 == 0 ? "last" : "more"), "\(number)")
            #expect(await eventually { world.sink.invocations.count == number })
        }
        #expect(world.sink.invocations.map(\.fresh) == [true, false, false, true, false, false])
        #expect(world.sink.invocations.allSatisfy { $0.outcome == .ok })
        #expect(connections.count == 2)
        #expect(world.spawner.counts.withLock { $0.killed } == 2)
    }

    @Test("with reuse serves no other request after one whose reader went away or that broke off")
    func notReused() async throws {
        let world = try Self.world(
            server("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nabc", lingerMicroseconds: 100_000)
        ) {
            ($0.reuse, $0.concurrency) = (9, 1)
        }
        for number in 1...4 {
            guard
                case .streaming(_, let stream) = try await world.dispatcher.invoke(
                    world.name,
                    world.request()
                )
            else {
                Issue.record("a long answer is streamed")
                return
            }
            if number % 2 == 0 { stream.cancel() } else { while await stream.next() != nil {} }
            let record = await stream.ending()
            #expect(record.fresh && record.outcome == (number % 2 == 0 ? .cancelled : .platform))
        }
        #expect(await eventually { world.spawner.counts.withLock { $0.made } >= 4 })
    }

    @Test("with reuse is asked again on a new connection when it has closed the one before")
    func closedConnection() async throws {
        let world = try Self.world(server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) {
            ($0.reuse, $0.concurrency) = (9, 1)
        }
        for number in 1...9 {
            #expect(try await world.complete().output == "ok")
            #expect(await eventually { world.sink.invocations.count == number })
        }
        #expect(world.sink.invocations.filter(\.fresh).count == 1)
    }

    @Test("with reuse is given up when it ends between two requests")
    func endsIdle() async throws {
        let world = try Self.world(Self.keeping(Counter())) { ($0.reuse, $0.concurrency) = (9, 1) }
        _ = try await world.complete()
        #expect(await eventually { world.sink.invocations.count == 1 })
        world.spawner.first.withLock { $0 }?.end(ExitReport(ending: .exited(code: 1)))
        world.spawner.first.withLock { $0 }?.dieUnused()
        #expect(try await world.complete().output == "more")
        #expect(await eventually { world.sink.invocations.map(\.fresh) == [true, true] })
    }

    @Test("with a ready_path is called when that has answered well")
    func readyPath() async throws {
        let asked = Mutex(0)
        var program = server("")
        program.server = { connection in
            var text = ""
            var byte: UInt8 = 0
            while !text.hasSuffix("\r\n\r\n"), read(connection, &byte, 1) == 1 {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            }
            let isCheck = text.hasPrefix("GET /up ")
            let checks = asked.withLock { count in
                if isCheck { count += 1 }
                return count
            }
            let status = isCheck && checks < 3 ? "503 No" : "200 OK"
            let answer = "HTTP/1.1 \(status)\r\nContent-Length: 1\r\n\r\n\(checks)"
            _ = answer.withCString { write(connection, $0, strlen($0)) }
            close(connection)
        }
        let world = try Self.world(program) { $0.readyPath = "/up" }
        // Other sandboxes ask too; no call is let through before the third answer.
        #expect(try #require(Int(try await world.complete().output)) >= 3)
    }
}
