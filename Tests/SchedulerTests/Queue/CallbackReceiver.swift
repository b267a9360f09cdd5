// SPDX-License-Identifier: Apache-2.0
// An HTTP server for callbacks: answers each POST as configured, on a port of its own.

import Foundation
import Glibc
import Synchronization

/// What came in one request.
struct ReceivedCallback: Sendable {
    var requestLine = ""
    /// Names in lower case.
    var fields: [String: String] = [:]
    var body = ""
}

/// Serves one connection after the other until it is stopped.
final class CallbackReceiver: Sendable {
    let port: Int
    private let listener: Int32
    private let received = Mutex<[ReceivedCallback]>([])

    /// - Parameter status: of the answer to the request with this number, from 1.
    /// - Throws: when there is no port.
    init(_ status: @escaping @Sendable (Int) -> Int) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && listen(descriptor, 16) == 0
                    && getsockname(descriptor, address, &length) == 0
            }
        }
        guard bound else { throw POSIXError(.EADDRINUSE) }
        listener = descriptor
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [self] in serve(status) }
    }

    var url: String { "http://127.0.0.1:\(port)/done" }
    var all: [ReceivedCallback] { received.withLock { $0 } }

    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private func serve(_ status: (Int) -> Int) {
        defer { close(listener) }
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { return }
            if let request = Self.read(connection) {
                let number = received.withLock { all in
                    all.append(request)
                    return all.count
                }
                let answer = "HTTP/1.1 \(status(number)) X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                _ = answer.withCString { write(connection, $0, strlen($0)) }
            }
            close(connection)
        }
    }

    private static func read(_ connection: Int32) -> ReceivedCallback? {
        var bytes: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(connection, &room, room.count)
            guard count > 0 else { return nil }
            bytes += room[..<count]
            if let request = parse(bytes) { return request }
        }
    }

    /// Nil while it is not whole.
    private static func parse(_ bytes: [UInt8]) -> ReceivedCallback? {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.range(of: "\r\n\r\n") else { return nil }
        var request = ReceivedCallback()
        for (index, line) in text[..<end.lowerBound].components(separatedBy: "\r\n").enumerated() {
            guard index > 0, let colon = line.firstIndex(of: ":") else {
                request.requestLine = line
                continue
            }
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            request.fields[line[..<colon].lowercased()] = value
        }
        request.body = String(text[end.upperBound...])
        let length = request.fields["content-length"].flatMap { Int($0) } ?? 0
        return request.body.utf8.count >= length ? request : nil
    }
}
