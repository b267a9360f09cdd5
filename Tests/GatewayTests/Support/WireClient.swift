// SPDX-License-Identifier: Apache-2.0
// A client that shows what really came over the socket: framing, trailers, and whether the body is whole.

import Foundation

/// Sends bytes to a local port and reads until the server closes.
struct WireClient: Sendable {
    let port: Int

    /// One request on a connection of its own.
    func send(
        _ method: String,
        _ target: String,
        headers: [String] = [],
        body: String? = nil
    ) async throws -> WireAnswer {
        var lines = ["\(method) \(target) HTTP/1.1", "Host: localhost", "Connection: close"] + headers
        if let body { lines.append("Content-Length: \(body.utf8.count)") }
        return try await raw(lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? ""))
    }

    /// Sends exactly these bytes.
    func raw(_ text: String) async throws -> WireAnswer { WireAnswer(try await exchange([text])) }

    /// Sends pieces one after the other, then reads everything until the server closes.
    func exchange(_ pieces: [String]) async throws -> [UInt8] {
        let connection = try await open(pieces)
        return try await Self.onThread { try connection.receive() }
    }

    /// Sends bytes that are no text.
    func exchange(bytes: [UInt8]) async throws -> [UInt8] {
        let port = port
        return try await Self.onThread {
            let connection = try WireConnection(port: port)
            connection.send(bytes)
            return try connection.receive()
        }
    }

    /// Reads what an open connection brings until the server closes it.
    func answer(_ connection: WireConnection) async throws -> WireAnswer {
        WireAnswer(try await Self.onThread { try connection.receive() })
    }

    /// Sends pieces and leaves the connection open.
    func open(_ pieces: [String]) async throws -> WireConnection {
        let port = port
        return try await Self.onThread {
            let connection = try WireConnection(port: port)
            for piece in pieces { connection.send(Array(piece.utf8)) }
            return connection
        }
    }

    /// Blocking calls get a thread of their own: the few threads of dispatch are what the gateway's stores need.
    private static func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws
        -> Value
    {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
        }
    }
}
