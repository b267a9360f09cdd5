// SPDX-License-Identifier: Apache-2.0
// A collector of spans for one test: takes POST requests on a port of its own and keeps their bodies.

import Foundation
import Glibc
import Synchronization

/// Answers each request with 200, or none of them.
final class CollectorUnderTest: Sendable {
    /// What came with one request.
    struct Export: Sendable {
        var head: String
        var body: Data
    }

    let port: Int
    private let socket: Int32
    private let exports = Mutex<[Export]>([])
    private let isSilent = Atomic(false)

    /// Everything that came so far.
    var received: [Export] { exports.withLock { $0 } }

    /// From now on requests are read and not answered.
    func fallSilent() { isSilent.store(true, ordering: .relaxed) }

    init() throws {
        let made = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(made, $0, length) == 0 && listen(made, 16) == 0
                    && getsockname(made, $0, &length) == 0
            }
        }
        guard made >= 0, listening else { throw HarnessError("a collector cannot listen: \(errno)") }
        socket = made
        port = Int(in_port_t(bigEndian: address.sin_port))
        Thread.detachNewThread { [self] in acceptAll() }
    }

    /// Ends it; connections that are open end with their clients.
    func stop() { shutdown(socket, Int32(SHUT_RDWR)) }

    private func acceptAll() {
        while true {
            let connection = accept(socket, nil, nil)
            guard connection >= 0 else { break }
            Thread.detachNewThread { [self] in serve(connection) }
        }
        close(socket)
    }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        var bytes = Data()
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(connection, &chunk, chunk.count)
            guard count > 0 else { return }
            bytes.append(contentsOf: chunk[..<count])
            while let (export, rest) = Self.request(bytes) {
                bytes = rest
                exports.withLock { $0.append(export) }
                guard !isSilent.load(ordering: .relaxed) else { continue }
                let answer = Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}".utf8)
                guard write(connection, answer, answer.count) == answer.count else { return }
            }
        }
    }

    /// The first whole request of some bytes, and what follows it.
    private static func request(_ bytes: Data) -> (Export, Data)? {
        guard let end = bytes.range(of: Data("\r\n\r\n".utf8)) else { return nil }
        let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).lowercased()
        let field = head.split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
        let length = field.flatMap { Int($0.split(separator: ":")[1].drop { $0 == " " }) } ?? 0
        guard bytes.endIndex - end.upperBound >= length else { return nil }
        let body = bytes[end.upperBound..<end.upperBound + length]
        return (Export(head: head, body: Data(body)), Data(bytes[(end.upperBound + length)...]))
    }
}
