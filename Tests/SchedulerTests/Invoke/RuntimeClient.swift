// SPDX-License-Identifier: Apache-2.0
// A Lambda runtime that writes its requests byte by byte, for sandboxes without a process.

import Glibc

/// Sockets of 127.0.0.1.
enum Loopback {
    /// Listens on a free port.
    static func listen(_ raw: Int32) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(raw, $0, size) | Glibc.listen(raw, 16) | getsockname(raw, $0, &size)
            }
        }
        return address
    }

    static func connect(_ place: sockaddr_in) -> Int32 {
        let raw = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var place = place
        withUnsafePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = Glibc.connect(raw, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return raw
    }
}

/// One connection of a runtime; blocking.
final class RuntimeClient {
    let end: Int32
    private(set) var id = ""

    init(_ end: Int32) { self.end = end }

    deinit { close(end) }

    static let prefix = "/2018-06-01/runtime/"

    func write(_ text: String) { _ = send(end, text, text.utf8.count, Int32(MSG_NOSIGNAL)) }

    /// Waits for an invocation.
    ///
    /// - Returns: the head, with names in lower case, and the event.
    func next() -> (head: String, event: String) {
        write("GET \(Self.prefix)invocation/next HTTP/1.1\r\nHost: x\r\n\r\n")
        let answer = answer()
        let mark = "lambda-runtime-aws-request-id: "
        for line in answer.head.split(separator: "\r\n") where line.hasPrefix(mark) {
            id = String(line.dropFirst(mark.count))
        }
        return (answer.head, answer.body)
    }

    /// Sends a report or an answer.
    ///
    /// - Returns: the status.
    @discardableResult
    func post(_ path: String, _ body: String, fields: String = "") -> String {
        write(
            "POST \(Self.prefix)\(path) HTTP/1.1\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)"
        )
        return String(answer().head.split(separator: " ").dropFirst().first ?? "")
    }

    /// Answers the invocation.
    func respond(_ body: String, fields: String = "") {
        post("invocation/\(id)/response", body, fields: fields)
    }

    private func answer() -> (head: String, body: String) {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8), read(end, &byte, 1) == 1 { bytes.append(byte) }
        let head = String(decoding: bytes, as: UTF8.self).lowercased()
        let mark = "content-length: "
        let line = head.split(separator: "\r\n").first { $0.hasPrefix(mark) }
        let length = line.flatMap { Int($0.dropFirst(mark.count)) } ?? 0
        bytes = []
        while bytes.count < length, read(end, &byte, 1) == 1 { bytes.append(byte) }
        return (head, String(decoding: bytes, as: UTF8.self))
    }
}
