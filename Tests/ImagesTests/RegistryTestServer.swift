// SPDX-License-Identifier: Apache-2.0
// A small HTTP/1.1 server on plain sockets that can misbehave. The registry tests talk to it over loopback.

import CSandbox
import Glibc
import Synchronization

/// One request as it came.
struct TestRequest: Sendable {
    var method: String
    /// Without the query.
    var path: String
    var query: String
    /// By lower-case name.
    var fields: [String: String]
    var body: [UInt8]
}

/// What to answer, and how badly.
struct TestReply: Sendable {
    var status: Int
    var fields: [String: String] = [:]
    var body: [UInt8] = []
    /// Closes the connection after so many bytes of the body.
    var breakAfter: Int?
    /// Claims another length than the body's.
    var statedLength: Int?
    /// Says nothing at all and closes.
    var isSilent = false

    init(_ status: Int, _ fields: [String: String] = [:], body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    init(_ status: Int, _ fields: [String: String] = [:], text: String) {
        self.init(status, fields, body: Array(text.utf8))
    }
}

/// Listens on 127.0.0.1 until it is stopped; each connection has a thread.
final class TestServer: Sendable {
    typealias Handler = @Sendable (TestRequest) -> TestReply

    private struct State {
        var requests: [TestRequest] = []
        var connections: Set<Int32> = []
        var isStopped = false
    }
    let port: Int
    private let listener: Int32
    private let handler: Handler
    private let state = Mutex(State())

    /// Everything that was asked, in order.
    var requests: [TestRequest] { state.withLock { $0.requests } }
    /// As in references and configuration.
    var host: String { "127.0.0.1:\(port)" }

    init(_ handler: @escaping Handler) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw TestServerError.socket(errno) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, address, &length) == 0
            }
        }
        guard isBound else {
            close(descriptor)
            throw TestServerError.socket(errno)
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        listener = descriptor
        self.handler = handler
        TestThread.start { self.accept() }
    }

    /// Closes everything; a request under way sees its connection break.
    func stop() {
        state.withLock { state in
            state.isStopped = true
            shutdown(listener, Int32(SHUT_RDWR))
            for connection in state.connections { shutdown(connection, Int32(SHUT_RDWR)) }
        }
    }

    private func accept() {
        while true {
            let connection = Glibc.accept(listener, nil, nil)
            let isOpen = state.withLock { state in
                if connection >= 0, !state.isStopped { state.connections.insert(connection) }
                return !state.isStopped
            }
            guard connection >= 0, isOpen else {
                if connection >= 0 { close(connection) }
                close(listener)
                return
            }
            TestThread.start { self.serve(connection) }
        }
    }

    private func serve(_ connection: Int32) {
        var stream = TestStream(descriptor: connection)
        while let request = stream.request() {
            state.withLock { $0.requests.append(request) }
            let reply = handler(request)
            if reply.isSilent { break }
            var head = "HTTP/1.1 \(reply.status) Status\r\n"
            for (name, value) in reply.fields { head += "\(name): \(value)\r\n" }
            head += "Content-Length: \(reply.statedLength ?? reply.body.count)\r\n\r\n"
            let body = request.method == "HEAD" ? [] : reply.body
            guard stream.send(Array(head.utf8)) else { break }
            guard stream.send(Array(body.prefix(reply.breakAfter ?? body.count))) else { break }
            if reply.breakAfter != nil { break }
        }
        state.withLock { _ = $0.connections.remove(connection) }
        shutdown(connection, Int32(SHUT_RDWR))
        close(connection)
    }
}

enum TestServerError: Error { case socket(Int32) }

/// Detached threads: a pool would let one waiting connection hold up another.
enum TestThread {
    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    static func start(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let work = Unmanaged.passRetained(Work(body)).toOpaque()
        let result = pthread_create(
            &thread,
            nil,
            { argument in
                if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            },
            work
        )
        precondition(result == 0, "no thread for a test server")
        pthread_detach(thread)
    }
}

/// Reads requests from a socket and writes answers to it.
private struct TestStream {
    let descriptor: Int32
    private var buffer: [UInt8] = []

    init(descriptor: Int32) { self.descriptor = descriptor }

    mutating func request() -> TestRequest? {
        guard let line = line() else { return nil }
        let parts = line.split(separator: " ")
        guard parts.count == 3 else { return nil }
        var fields: [String: String] = [:]
        while let line = self.line(), !line.isEmpty {
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            fields[line[..<colon].lowercased()] = String(value)
        }
        if fields["expect"] != nil {
            guard send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)) else { return nil }
        }
        let target = parts[1].split(separator: "?", maxSplits: 1)
        let isChunked = fields["transfer-encoding"] == "chunked"
        guard let body = isChunked ? chunks() : take(Int(fields["content-length"] ?? "0") ?? 0) else {
            return nil
        }
        return TestRequest(
            method: String(parts[0]),
            path: String(target[0]),
            query: target.count > 1 ? String(target[1]) : "",
            fields: fields,
            body: body
        )
    }

    private mutating func chunks() -> [UInt8]? {
        var body: [UInt8] = []
        while let line = line(), let size = Int(line, radix: 16), let chunk = take(size) {
            // The end of the chunk's line, or of the empty trailer.
            guard self.line() == "" else { return nil }
            if size == 0 { return body }
            body += chunk
        }
        return nil
    }

    private mutating func line() -> String? {
        while true {
            if let end = buffer.firstIndex(of: 10) {
                let line = buffer[..<end].filter { $0 != 13 }
                buffer.removeFirst(end + 1)
                return String(decoding: line, as: UTF8.self)
            }
            guard fill() else { return nil }
        }
    }

    private mutating func take(_ count: Int) -> [UInt8]? {
        while buffer.count < count { guard fill() else { return nil } }
        let bytes = Array(buffer[..<count])
        buffer.removeFirst(count)
        return bytes
    }

    private mutating func fill() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65536)
        let count = read(descriptor, &chunk, chunk.count)
        guard count > 0 else { return false }
        buffer.append(contentsOf: chunk[..<count])
        return true
    }

    func send(_ bytes: [UInt8]) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.send(
                    descriptor,
                    buffer.baseAddress.map { $0 + done },
                    bytes.count - done,
                    Int32(MSG_NOSIGNAL)
                )
            }
            guard count > 0 else { return false }
            done += count
        }
        return true
    }
}
