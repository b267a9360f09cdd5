// SPDX-License-Identifier: Apache-2.0
// A client that shows what really came over the socket: framing, trailers, and whether the body is whole.

import Foundation
import Glibc

/// Sends bytes to a local port and reads until the server closes.
struct WireClient: Sendable {
    let port: Int

    /// Bound of every wait in a test; nothing here takes longer than milliseconds.
    private static let timeoutSeconds = 20

    struct Failure: Error { var call: String; var number: Int32 }

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
    func exchange(_ pieces: [String], hangsUp: Bool = false) async throws -> [UInt8] {
        let port = port
        return try await withCheckedThrowingContinuation { continuation in
            // Not a dispatch queue: its few threads are what the gateway's stores need.
            Thread.detachNewThread {
                continuation.resume(with: Result { try Self.run(port, pieces, hangsUp: hangsUp) })
            }
        }
    }

    private static func run(_ port: Int, _ pieces: [String], hangsUp: Bool) throws -> [UInt8] {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(call: "socket", number: errno) }
        defer { close(descriptor) }
        var time = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Failure(call: "connect", number: errno) }
        for piece in pieces {
            var rest = Array(piece.utf8)[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                // The server may refuse a body that is still on its way: what it said is read below.
                if count <= 0 { break }
                rest = rest.dropFirst(count)
            }
        }
        return hangsUp ? [] : try receive(descriptor)
    }

    private static func receive(_ descriptor: Int32) throws -> [UInt8] {
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count > 0 {
                received += buffer[..<count]
            } else if count == 0 || errno == ECONNRESET {
                return received
            } else if errno != EINTR {
                throw Failure(call: "read", number: errno)
            }
        }
    }
}
