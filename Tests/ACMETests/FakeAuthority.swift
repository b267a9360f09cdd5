// SPDX-License-Identifier: Apache-2.0
// An authority on loopback that answers by a script: honest as far as a test says nothing else. Checks no signature;
// EndToEndTests have a real one.

import Foundation
import Glibc
import Synchronization

/// A server for the time of one test; call ``stop()``.
final class FakeAuthority: Sendable {
    struct Answer: Sendable {
        var status = 200
        var fields: [String: String] = [:]
        var body = ""
        /// Sends a byte now and then instead of the body, until the client is gone.
        var isEndless = false
    }

    /// What to answer on a path, given how often it was asked before; nil for the honest answer.
    typealias Script = @Sendable (_ path: String, _ count: Int, _ base: String) -> Answer?

    let port: Int
    private let listener: Int32
    private let script: Script
    private let asked = Mutex<[(path: String, body: String)]>([])

    var base: String { "http://127.0.0.1:\(port)" }
    var directory: URL {
        guard let url = URL(string: base + "/directory") else { preconditionFailure("no address") }
        return url
    }
    /// Every path that was asked for, in order.
    var paths: [String] { asked.withLock { $0.map(\.path) } }

    /// What was sent to a path, decoded, in order.
    func payloads(_ path: String) -> [String] {
        asked.withLock { $0 }.filter { $0.path == path }.map { request in
            let parts = try? JSONDecoder().decode([String: String].self, from: Data(request.body.utf8))
            let text = (parts?["payload"] ?? "").replacing("-", with: "+").replacing("_", with: "/")
            let padded = text + String(repeating: "=", count: (4 - text.count % 4) % 4)
            return Data(base64Encoded: padded).map { String(decoding: $0, as: UTF8.self) } ?? ""
        }
    }

    init(_ script: @escaping Script = { _, _, _ in nil }) throws {
        self.script = script
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let (listener, length) = (listener, size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 16) == 0
                    && getsockname(listener, $0, &size) == 0
            }
        }
        guard isBound else { throw POSIXError(.EADDRNOTAVAIL) }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                Thread.detachNewThread { [self] in
                    serve(connection)
                    close(connection)
                }
            }
        }
    }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private func serve(_ connection: Int32) {
        guard let (path, body) = Self.readRequest(connection) else { return }
        let count = asked.withLock { asked in
            asked.append((path, body))
            return asked.count { $0.path == path } - 1
        }
        var answer = script(path, count, base) ?? honest(path)
        if answer.fields["Replay-Nonce"] == nil { answer.fields["Replay-Nonce"] = "n\(count)" }
        var text = "HTTP/1.1 \(answer.status) X\r\nConnection: close\r\n"
        for (name, value) in answer.fields where !value.isEmpty { text += "\(name): \(value)\r\n" }
        guard answer.isEndless else {
            return Self.send(
                connection,
                text + "Content-Length: \(answer.body.utf8.count)\r\n\r\n" + answer.body
            )
        }
        Self.send(connection, text + "Content-Length: 1000000\r\n\r\n")
        for _ in 0..<400 where Glibc.send(connection, " ", 1, Int32(MSG_NOSIGNAL)) == 1 { usleep(50_000) }
    }

    private static func send(_ connection: Int32, _ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    private static func readRequest(_ connection: Int32) -> (path: String, body: String)? {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while true {
            let text = String(decoding: bytes, as: UTF8.self)
            if let end = text.range(of: "\r\n\r\n") {
                let head = text[..<end.lowerBound].lowercased()
                let length = head.firstMatch(of: /content-length: (\d+)/).flatMap { Int($0.1) } ?? 0
                let body = text[end.upperBound...]
                if body.utf8.count >= length {
                    return text.split(separator: " ").dropFirst().first.map { (String($0), String(body)) }
                }
            }
            let count = read(connection, &piece, piece.count)
            guard count > 0 else { return nil }
            bytes += piece[..<count]
        }
    }

    private func honest(_ path: String) -> Answer {
        switch path {
        case "/directory":
            Answer(
                body: """
                    {"newNonce":"\(base)/nonce","newAccount":"\(base)/account","newOrder":"\(base)/order"}
                    """
            )
        case "/account": Answer(status: 201, fields: ["Location": base + "/account/1"], body: "{}")
        case "/order": Answer(status: 201, fields: ["Location": base + "/order/1"], body: order("pending"))
        case "/authz": Answer(body: authorization("valid"))
        case "/finalize": Answer(body: order("processing"))
        default: Answer()
        }
    }

    /// The body of an order.
    func order(_ status: String) -> String { Self.order(status, base) }

    static func order(_ status: String, _ base: String) -> String {
        """
        {"status":"\(status)","authorizations":["\(base)/authz"],"finalize":"\(base)/finalize",
         "certificate":"\(base)/certificate"}
        """
    }

    /// The body of an authorization of a.example.
    func authorization(_ status: String) -> String { Self.authorization(status, base) }

    static func authorization(_ status: String, _ base: String) -> String {
        """
        {"status":"\(status)","identifier":{"type":"dns","value":"a.example"},
         "challenges":[{"type":"http-01","url":"\(base)/challenge","token":"tok"}]}
        """
    }
}
