// SPDX-License-Identifier: Apache-2.0
// Exchanges over a socket pair, whose other end a test writes byte by byte.

import Glibc
import HTTPTypes
import NIOCore
import Sandbox
import Testing

@testable import SandboxHTTP

@Suite("A connection to a server")
struct ServerConnectionTests {
    /// Two connected ends: the room's, and the server's.
    private static func pair() throws -> (room: Int32, server: Int32) {
        var ends: [Int32] = [-1, -1]
        try #require(
            socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0
        )
        return (ends[0], ends[1])
    }

    private static func request(_ method: HTTPRequest.Method = .get) -> HTTPRequest {
        HTTPRequest(method: method, scheme: "http", authority: "a", path: "/x", headerFields: [:])
    }

    private static func write(_ text: String, to end: Int32) {
        #expect(Glibc.write(end, text, text.utf8.count) == text.utf8.count)
    }

    /// Everything that the server gets until it is more than `bytes`.
    private static func read(_ end: Int32, atLeast bytes: Int) -> String {
        var text = ""
        var space = [UInt8](repeating: 0, count: 4096)
        while text.utf8.count < bytes {
            let size = Glibc.read(end, &space, space.count)
            guard size > 0 else { break }
            text += String(decoding: space[..<size], as: UTF8.self)
        }
        return text
    }

    /// The parts of the answer to one request, the body as text.
    private static func parts(
        _ answer: String,
        _ method: HTTPRequest.Method = .get,
        isClosed: Bool = true
    ) async throws -> [String] {
        let (own, end) = try pair()
        let connection = try await ServerConnection.adopt(OwnedDescriptor(owning: own))
        connection.send(request(method), body: nil, isWhole: true)
        #expect(read(end, atLeast: 10).hasPrefix("\(method.rawValue) /x HTTP/1.1\r\n"))
        write(answer, to: end)
        if isClosed { close(end) }
        defer { if !isClosed { close(end) } }
        var found: [String] = []
        while true {
            switch await connection.next() {
            case .head(let head): found.append("\(head.status.code)")
            case .body(let bytes): found.append(String(buffer: bytes))
            case .end(let trailers): return found + ["end" + (trailers?.map { " \($0.name)" }.joined() ?? "")]
            case .failure(let failure):
                if case .malformed = failure { return found + ["malformed"] }
                return found + ["\(failure)"]
            }
        }
    }

    @Test(
        "reads answers with a length, in chunks with trailers, up to the connection's end, and without content",
        arguments: [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", "200 ab end"),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-T: 1\r\n\r\n",
                "200 ab end X-T"
            ),
            ("HTTP/1.0 404 No\r\n\r\nab", "404 ab end"),
            ("HTTP/1.1 204 No\r\n\r\n", "204 end"),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "200 end"),
        ]
    )
    func whole(answer: String, expected: String) async throws {
        #expect(try await Self.parts(answer).joined(separator: " ") == expected)
    }

    @Test("takes the answer to HEAD for whole without its body")
    func head() async throws {
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"
        #expect(try await Self.parts(answer, .head, isClosed: false) == ["200", "end"])
    }

    @Test(
        "distinguishes invalid, incomplete and missing answers",
        arguments: [
            ("", "closedBeforeHead"),
            ("garbage\r\n\r\n", "malformed"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", "200 ab closedInside"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", "200 ab closedInside"),
            ("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "malformed"),
            ("HTTP/1.1 200 OK\r\nA: " + String(repeating: "a", count: 200_000) + "\r\n\r\n", "malformed"),
        ]
    )
    func broken(answer: String, expected: String) async throws {
        #expect(try await Self.parts(answer).joined(separator: " ") == expected)
    }

    @Test("sends a body in pieces, and waits while the server does not read")
    func body() async throws {
        let (own, end) = try Self.pair()
        let connection = try await ServerConnection.adopt(OwnedDescriptor(owning: own))
        var request = Self.request(.post)
        request.headerFields[.transferEncoding] = "chunked"
        connection.send(request, body: nil, isWhole: false)
        #expect(await connection.write(ByteBuffer(string: "abc")))
        connection.finish()
        #expect(Self.read(end, atLeast: 70).hasSuffix("\r\n\r\n3\r\nabc\r\n0\r\n\r\n"))
        close(end)
        #expect(await connection.next() == .failure(.closedBeforeHead))
        #expect(await !connection.write(ByteBuffer(string: "abc")))
    }

    @Test("is not used again after bytes that nothing asked for")
    func unasked() async throws {
        let (own, end) = try Self.pair()
        defer { close(end) }
        let connection = try await ServerConnection.adopt(OwnedDescriptor(owning: own))
        connection.send(Self.request(), body: nil, isWhole: true)
        Self.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", to: end)
        while case let part = await connection.next(), part != .end(nil) {
            if case .failure(let failure) = part { throw failure }
        }
        #expect(connection.isReusable)
        connection.watch()
        Self.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", to: end)
        for _ in 0..<500 where connection.isReusable { try await Task.sleep(for: .milliseconds(10)) }
        #expect(!connection.isReusable)
    }

    @Test("closes its descriptor with the last reference")
    func closed() async throws {
        let (own, end) = try Self.pair()
        var connection: ServerConnection? = try await ServerConnection.adopt(OwnedDescriptor(owning: own))
        connection?.send(Self.request(), body: nil, isWhole: true)
        connection = nil
        _ = Self.read(end, atLeast: 1 << 20)
        var byte: UInt8 = 0
        #expect(Glibc.read(end, &byte, 1) == 0)
        close(end)
    }
}
