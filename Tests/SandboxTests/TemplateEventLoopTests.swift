// SPDX-License-Identifier: Apache-2.0
// Copies of programs with an event loop, and of clients of the Runtime API.

import Foundation
import FunctionModel
import Glibc
import NIOCore
import Testing

@testable import Sandbox

@Suite(
    "A copy with descriptors of its own",
    .enabled(if: TestHost.isRoot && TemplateHost.isPresent),
    .serialized
)
struct TemplateEventLoopTests {
    @Test("has an epoll set and a pair of sockets as the program had them, each copy its own")
    func eventLoop() async throws {
        try await TemplateHost.with { host in
            let slot = try await host.slot("loop")
            defer { slot.retire() }
            for _ in 0..<3 {
                let answer = try await TemplateHost.run(slot, "loop descriptors ids")
                #expect(answer.output.hasPrefix("loop 1111 data 1 closes 111\n"), "\(answer)")
                #expect(answer.output.contains("descriptors: 0 1 2 3 4 5\npid 1 "), "\(answer)")
            }
        }
    }

    @Test("of a server that waits in an epoll set serves its first connection")
    func serves() async throws {
        try await TemplateHost.with { host in
            let slot = try await host.slot("loopserver", intake: .server(port: 8000))
            defer { slot.retire() }
            for _ in 0..<3 {
                let sandbox = try await slot.makeSandbox()
                try sandbox.start(SandboxCommand(arguments: [], environment: [])) { _ in }
                let connection = try await sandbox.dial(port: 8000)
                try sandbox.assign()
                #expect(try Self.read(connection.raw) == "pid 1 events 1 data 1\n")
                #expect(await sandbox.exit().ending == .exited(code: 0))
            }
        }
    }

    @Test("of a client has a connection of its own to the slot's next listener, and has asked there already")
    func client() async throws {
        try await TemplateHost.with { host in
            let slot = try await host.slot("client", intake: .client(port: 9001))
            defer { slot.retire() }
            for number in 0..<5 {
                let sandbox = try await slot.makeSandbox()
                let listener = try await sandbox.listen(port: 9001)
                try sandbox.start(SandboxCommand(arguments: [], environment: [])) { _ in }
                try sandbox.assign()
                #expect(Self.isReady(listener.raw))
                let connection = accept(listener.raw, nil, nil)
                defer { close(connection) }
                #expect(try Self.read(connection) == "GET /next HTTP/1.1\r\nHost: here\r\n\r\n")
                let event = "event \(number)"
                #expect(write(connection, event, event.utf8.count) == event.utf8.count)
                #expect(try Self.read(connection) == "pid 1 heard event \(number) closes 1")
                #expect(await sandbox.exit().ending == .exited(code: 0))
            }
        }
    }

    @Test(
        "is not made of a client that has not asked, or that has left its connection",
        arguments: [
            ("reporter", "it was not waiting for its request after 9 s"),
            ("lost", "the template's wait for its request"),
        ]
    )
    func noClient(mode: String, reason: String) async throws {
        try await TemplateHost.with { host in
            let error = await #expect(throws: SandboxError.self) {
                try await host.slot(mode, intake: .client(port: 9001))
            }
            #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
        }
    }

    /// The next bytes of a connection, which come within five seconds.
    private static func read(_ connection: Int32) throws -> String {
        try #require(isReady(connection))
        var bytes = [UInt8](repeating: 0, count: 256)
        let size = Glibc.read(connection, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, size)), as: UTF8.self)
    }

    private static func isReady(_ descriptor: Int32) -> Bool {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&waiting, 1, 5000) == 1
    }
}
