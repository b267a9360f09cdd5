// SPDX-License-Identifier: Apache-2.0
// The server for a sandbox's program, with clients that write byte by byte.

import Foundation
import Glibc
import HTTPTypes
import NIOCore
import Sandbox
import Synchronization
import Testing

@testable import SandboxHTTP

/// Answers every request with its method, path, body and trailers; a path of its own makes it do something else.
private final class EchoService: LocalService {
    struct State {
        var bodies: [Int: String] = [:]
        var events: [String] = []
        var held: [LocalExchange] = []
    }

    let state = Mutex(State())

    func requested(_ exchange: LocalExchange) {
        state.withLock {
            $0.bodies[exchange.number] = ""
            if exchange.request.path == "/hold" { $0.held.append(exchange) }
        }
        if exchange.request.path == "/no" { exchange.answer(403, isRefusal: true) }
    }

    func received(_ bytes: ByteBuffer, _ exchange: LocalExchange) -> Bool {
        state.withLock { $0.bodies[exchange.number, default: ""] += String(buffer: bytes) }
        return exchange.request.path != "/slow"
    }

    func ended(_ exchange: LocalExchange) {
        guard exchange.request.path != "/hold" else { return }
        let body = state.withLock { $0.bodies[exchange.number] ?? "" }
        let trailers = exchange.trailers?.map { " \($0.name)=\($0.value)" }.joined() ?? ""
        let text = "\(exchange.request.method) \(exchange.request.path ?? "") \(body.count)\(trailers)"
        exchange.answer(200, [.server: "a"], body: ByteBuffer(string: text))
    }

    func closed(_ exchange: LocalExchange) {
        state.withLock { $0.events.append("closed \(exchange.request.path ?? "")") }
    }
    func gaveUp() { state.withLock { $0.events.append("gave up") } }
    func emptied() { state.withLock { $0.events.append("emptied") } }

    func has(_ event: String) async -> Bool {
        for _ in 0..<500 {
            if state.withLock({ $0.events.contains(event) }) { return true }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return false
    }
}

/// A client's end of a connection over loopback.
private final class Client: Sendable {
    private let end: Int32

    /// Nil when nothing listens there.
    init?(connecting address: sockaddr_in) {
        end = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var bound = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(end, SOL_SOCKET, SO_RCVTIMEO, &bound, socklen_t(MemoryLayout<timeval>.size))
        var address = address
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(end, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { return nil }
    }

    static func connect(to address: sockaddr_in) throws -> Client {
        try #require(Client(connecting: address))
    }

    deinit { close(end) }

    func write(_ text: String) { _ = send(end, text, text.utf8.count, Int32(MSG_NOSIGNAL)) }

    /// Everything up to this text, or to the end of the connection.
    func read(upTo mark: String? = nil) -> String {
        var text = ""
        var byte: UInt8 = 0
        while Glibc.read(end, &byte, 1) == 1 {
            text.unicodeScalars.append(Unicode.Scalar(byte))
            if let mark, text.hasSuffix(mark) { break }
        }
        return text
    }
}

@Suite("A server inside a sandbox")
struct LocalServerTests {
    private static func with(
        _ body: (EchoService, LocalServer, () throws -> Client, () -> Bool) async throws -> Void
    ) async throws {
        let raw = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(raw, $0, size) | listen(raw, 128) | getsockname(raw, $0, &size)
            }
        }
        try #require(result == 0)
        let service = EchoService()
        let server = try await LocalServer.adopt(OwnedDescriptor(owning: raw), service)
        defer { server.close() }
        let place = address
        try await body(
            service,
            server,
            { try Client.connect(to: place) },
            { Client(connecting: place) != nil }
        )
    }

    @Test("answers one request after the other on a connection, with bodies of both kinds and trailers")
    func answers() async throws {
        try await Self.with { _, _, connect, _ in
            let client = try connect()
            client.write("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(
                client.read(upTo: "GET /a 0")
                    == "HTTP/1.1 200 OK\r\nServer: a\r\nContent-Length: 8\r\n\r\nGET /a 0"
            )
            client.write("POST /b HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc")
            #expect(client.read(upTo: "3").hasSuffix("POST /b 3"))
            client.write("POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
            client.write("0\r\nX-T: t\r\n\r\n")
            #expect(client.read(upTo: "=t").hasSuffix("POST /c 2 X-T=t"))
        }
    }

    @Test(
        "refuses what is not HTTP with 400 and closes the connection",
        arguments: [
            "garbage\r\n\r\n", "GET /a HTTP/1.1\r\nA: " + String(repeating: "a", count: 200_000) + "\r\n\r\n",
            "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
            "POST /a HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "GET /hold HTTP/1.1\r\n\r\nGET /a HTTP/1.1\r\n\r\n",
        ]
    )
    func garbage(text: String) async throws {
        try await Self.with { service, _, connect, _ in
            let client = try connect()
            client.write(text)
            let answer = client.read()
            #expect(
                answer.hasPrefix("HTTP/1.1 400 ") || answer.isEmpty && text.utf8.count > 9999,
                "\(answer)"
            )
            #expect(await service.has("emptied"))
        }
    }

    @Test("reports a request whose connection breaks, also while it is held")
    func broken() async throws {
        try await Self.with { service, _, connect, _ in
            var client: Client? = try connect()
            client?.write("POST /half HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc")
            _ = client
            try await Task.sleep(for: .milliseconds(50))
            client = nil
            #expect(await service.has("closed /half"))
            client = try connect()
            client?.write("GET /hold HTTP/1.1\r\n\r\n")
            try await Task.sleep(for: .milliseconds(50))
            client = nil
            #expect(await service.has("closed /hold"))
        }
    }

    @Test("reads no more of a body than its reader takes")
    func slow() async throws {
        try await Self.with { service, _, connect, _ in
            let client = try connect()
            let bytes = 64 << 20
            Thread.detachNewThread {
                client.write("POST /slow HTTP/1.1\r\nContent-Length: \(bytes)\r\n\r\n")
                let piece = String(repeating: "a", count: 1 << 20)
                for _ in 0..<64 { client.write(piece) }
            }
            try await Task.sleep(for: .milliseconds(300))
            let read = service.state.withLock { $0.bodies.values.reduce(0) { $0 + $1.count } }
            #expect(read < 8 << 20)
        }
    }

    @Test(
        "refuses a change of the protocol, and reads nothing behind it",
        arguments: [
            "GET /hold HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", "CONNECT a:1 HTTP/1.1\r\n\r\n",
        ]
    )
    func upgrade(request: String) async throws {
        try await Self.with { service, _, connect, _ in
            let client = try connect()
            client.write(request + String(repeating: "x", count: 100_000))
            #expect(client.read(upTo: "\r\n").hasPrefix("HTTP/1.1 400 "))
            #expect(await service.has("emptied"))
            #expect(service.state.withLock { $0.held.isEmpty })
        }
    }

    @Test("has a bound of connections, and gives a program up that asks for what it does not get")
    func bounds() async throws {
        try await Self.with { service, server, connect, isListening in
            var clients = try (0..<LocalServer.connectionsMax).map { _ in try connect() }
            for client in clients {
                client.write("GET /a HTTP/1.1\r\n\r\n")
                #expect(client.read(upTo: "GET /a 0").hasSuffix("GET /a 0"))
            }
            #expect(try connect().read().isEmpty)
            clients = []
            #expect(await service.has("emptied"))
            // The connection over the bound was the first.
            for _ in 2..<LocalServer.strikesMax {
                let client = try connect()
                client.write("GET /no HTTP/1.1\r\n\r\n")
                #expect(client.read().hasPrefix("HTTP/1.1 403 "))
            }
            #expect(service.state.withLock { !$0.events.contains("gave up") })
            let last = try connect()
            last.write("GET /no HTTP/1.1\r\n\r\n")
            _ = last.read()
            #expect(await service.has("gave up"))
            #expect(!server.hasConnections)
            var isOpen = true
            for _ in 0..<500 where isOpen {
                try await Task.sleep(for: .milliseconds(10))
                isOpen = isListening()
            }
            #expect(!isOpen)
        }
    }
}
