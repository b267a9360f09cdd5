// SPDX-License-Identifier: Apache-2.0
// A request whose kept connection breaks, so that it is sent again on another one.

import Contracts
import FunctionModel
import Glibc
import NIOCore
import Synchronization
import Testing

@testable import Scheduler

@Suite("A request to a server that closes its kept connections")
struct ResentRequestTests {
    private final class Counter: Sendable {
        private let value = Mutex(0)
        var count: Int { value.withLock { $0 } }
        func add() { value.withLock { $0 += 1 } }
    }

    private static let body = "in"

    /// Reads a request's head and its body.
    ///
    /// - Returns: whether there was one; a readiness check closes without.
    private static func readRequest(_ connection: Int32) -> Bool {
        var text = ""
        var byte: UInt8 = 0
        while !text.hasSuffix("\r\n\r\n" + body) {
            guard read(connection, &byte, 1) == 1 else { return false }
            text.unicodeScalars.append(Unicode.Scalar(byte))
        }
        return true
    }

    /// Answers the first request of each connection, and closes instead of answering the second.
    private static func server(_ requests: Counter) -> FakeSandbox.Program {
        var program = FakeSandbox.Program()
        program.isEndless = true
        program.server = { connection in
            if readRequest(connection) {
                requests.add()
                let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
                _ = answer.withCString { write(connection, $0, strlen($0)) }
                if readRequest(connection) { requests.add() }
            }
            close(connection)
        }
        return program
    }

    @Test("is sent again on a new connection, and its body counts once")
    func countedOnce() async throws {
        let requests = Counter()
        let world = try DispatcherWorld(Self.server(requests), keepsFirst: true) {
            $0.contract = .http
            ($0.reuse, $0.concurrency) = (9, 1)
        }
        for number in 1...3 {
            var request = world.request(.whole(ByteBuffer(string: Self.body)))
            request.head.bodyLength = .bytes(Self.body.utf8.count)
            guard case .complete(_, let output, _) = try await world.dispatcher.invoke(world.name, request)
            else {
                Issue.record("a short answer is collected")
                return
            }
            #expect(String(buffer: output) == "ok")
            #expect(await eventually { world.sink.invocations.count == number })
        }
        #expect(requests.count == 5, "the second and third call are sent twice each")
        #expect(world.sink.invocations.map(\.bytesIn) == [2, 2, 2])
        #expect(world.sink.invocations.filter(\.fresh).count == 1)
    }
}
