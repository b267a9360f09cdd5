// SPDX-License-Identifier: Apache-2.0
// Published ports over loopback: a server of this process stands for the container.

import Foundation
import FunctionModel
import Glibc
import NIOCore
import Testing

@testable import SandboxPorts

@Suite("Published ports", .serialized)
struct PortForwarderTests {
    /// A listening or bound socket of 127.0.0.1, and its port.
    static func server(_ type: __socket_type) -> (socket: Int32, port: UInt16) {
        let end = socket(AF_INET, Int32(type.rawValue), 0)
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(end, $0, size)
                if type == SOCK_STREAM { listen(end, 16) }
                getsockname(end, $0, &size)
            }
        }
        // What never comes must not hold the thread that waits for it.
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(end, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        return (end, UInt16(bigEndian: place.sin_port))
    }

    static func connect(_ port: UInt16, _ type: __socket_type = SOCK_STREAM) -> Int32 {
        let end = socket(AF_INET, Int32(type.rawValue), 0)
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        place.sin_port = port.bigEndian
        let result = withUnsafePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(end, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(end, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        return result == 0 ? end : -1
    }

    /// Runs what blocks on a thread of its own: the pool of tasks has as many as the machine has processors.
    private enum OwnThread {
        static func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) -> Task<Value, Never> {
            Task {
                await withCheckedContinuation { continuation in
                    Thread.detachNewThread { continuation.resume(returning: body()) }
                }
            }
        }
    }

    /// More places than any test needs.
    private static var plenty: ConnectionBudget { ConnectionBudget(descriptorsMax: 1 << 16) }

    private static func forwarder(
        to port: UInt16,
        _ transport: PortMapping.Transport = .tcp,
        after delay: Duration = .zero,
        within budget: ConnectionBudget = plenty
    ) async throws -> PortForwarder {
        let mapping = PortMapping(containerPort: 80, transport: transport, address: "127.0.0.1")
        return try await PortForwarder.open([mapping], within: budget) { _, transport in
            try await Task.sleep(for: delay)
            let end = connect(port, transport == .tcp ? SOCK_STREAM : SOCK_DGRAM)
            guard end >= 0 else { throw PortError.taken("refused") }
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            return end
        }
    }

    private static func readAll(_ end: Int32) -> [UInt8] {
        var all: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65536)
        while case let count = read(end, &piece, piece.count), count > 0 { all += piece.prefix(count) }
        return all
    }

    @Test("carry bytes both ways in order, and the end of each direction by itself")
    func halfClose() async throws {
        let server = Self.server(SOCK_STREAM)
        let forwarder = try await Self.forwarder(to: server.port)
        let host = try #require(forwarder.ports.first)
        #expect(host.containerPort == 80 && host.hostPort != 0 && host.address == "127.0.0.1")
        let question = (0..<(4 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
        // Answers with what it was sent, after the end of it.
        let served = OwnThread.run {
            let end = accept(server.socket, nil, nil)
            let all = Self.readAll(end)
            var sent = 0
            while sent < all.count {
                sent += max(0, all[sent...].withUnsafeBytes { write(end, $0.baseAddress, $0.count) })
            }
            close(end)
            return all.count
        }
        let client = Self.connect(host.hostPort)
        let writing = OwnThread.run {
            var sent = 0
            while sent < question.count {
                sent += max(0, question[sent...].withUnsafeBytes { write(client, $0.baseAddress, $0.count) })
            }
            shutdown(client, Int32(SHUT_WR))
        }
        let answer = await OwnThread.run { Self.readAll(client) }.value
        await writing.value
        #expect(await served.value == question.count)
        #expect(answer == question)
        close(client)
        for _ in 0..<200 where forwarder.connectionCount > 0 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(forwarder.connectionCount == 0)
        forwarder.close()
        close(server.socket)
    }

    @Test("deliver a request and its end that were there before the connection inside")
    func earlyEnd() async throws {
        let server = Self.server(SOCK_STREAM)
        let forwarder = try await Self.forwarder(to: server.port, after: .milliseconds(300))
        let host = try #require(forwarder.ports.first).hostPort
        let served = OwnThread.run {
            let end = accept(server.socket, nil, nil)
            let all = Self.readAll(end)
            _ = write(end, "answer", 6)
            close(end)
            return all
        }
        let client = Self.connect(host)
        #expect(write(client, "request", 7) == 7)
        shutdown(client, Int32(SHUT_WR))
        #expect(await OwnThread.run { Self.readAll(client) }.value == Array("answer".utf8))
        #expect(await served.value == Array("request".utf8))
        close(client)
        // As load balancers look whether a server listens.
        let ended = OwnThread.run {
            let end = accept(server.socket, nil, nil)
            defer { close(end) }
            return Self.readAll(end)
        }
        close(Self.connect(host))
        #expect(await ended.value == [])
        for _ in 0..<200 where forwarder.connectionCount > 0 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(forwarder.connectionCount == 0)
        forwarder.close()
        close(server.socket)
    }

    @Test("ask the kernel for clients that are gone, and read one small piece at a time")
    func options() async throws {
        let server = Self.server(SOCK_STREAM)
        let forwarder = try await Self.forwarder(to: server.port)
        let client = Self.connect(try #require(forwarder.ports.first).hostPort)
        for _ in 0..<200 where forwarder.connectionCount == 0 { try await Task.sleep(for: .milliseconds(10)) }
        let channel = try #require(forwarder.connections.first)
        let expected: [(level: NIOBSDSocket.OptionLevel, name: CInt, value: Int)] = [
            (.socket, SO_KEEPALIVE, 1), (.tcp, TCP_KEEPIDLE, 60), (.tcp, TCP_KEEPINTVL, 30),
            (.tcp, TCP_KEEPCNT, 8), (.tcp, TCP_USER_TIMEOUT, 300_000),
        ]
        for (level, name, value) in expected {
            let option = ChannelOptions.Types.SocketOption(level: level, name: .init(rawValue: name))
            #expect(try await channel.getOption(option).get() == value, "option \(name)")
        }
        #expect(try await channel.getOption(ChannelOptions.maxMessagesPerRead).get() == 1)
        let allocator = try await channel.getOption(ChannelOptions.recvAllocator).get()
        #expect((allocator as? AdaptiveRecvByteBufferAllocator)?.maximum == 65536)
        close(client)
        forwarder.close()
        close(server.socket)
    }

    @Test("end a connection when nothing listens inside")
    func refused() async throws {
        let server = Self.server(SOCK_STREAM)
        close(server.socket)
        let forwarder = try await Self.forwarder(to: server.port)
        let client = Self.connect(try #require(forwarder.ports.first).hostPort)
        #expect(client >= 0)
        #expect(await OwnThread.run { Self.readAll(client) }.value == [])
        close(client)
        forwarder.close()
    }

    @Test("that are taken, or of another host, are refused, and none of the others listens then")
    func taken() async throws {
        let server = Self.server(SOCK_STREAM)
        let free = Self.server(SOCK_STREAM)
        close(free.socket)
        let mappings = [
            PortMapping(containerPort: 1, hostPort: free.port, address: "127.0.0.1"),
            PortMapping(containerPort: 2, hostPort: server.port, address: "127.0.0.1"),
        ]
        await #expect(throws: PortError.taken("127.0.0.1:\(server.port)/tcp")) {
            _ = try await PortForwarder.open(mappings, within: Self.plenty) { _, _ in
                throw PortError.taken("")
            }
        }
        for _ in 0..<200 where Self.connect(free.port) >= 0 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(Self.connect(free.port) == -1)
        await #expect(throws: PortError.self) {
            let other = PortMapping(containerPort: 1, hostPort: free.port, address: "203.0.113.1")
            _ = try await PortForwarder.open([other], within: Self.plenty) { _, _ in
                throw PortError.taken("")
            }
        }
        close(server.socket)
    }

    @Test("listen at every address by default, with one port")
    func everywhere() async throws {
        let mapping = PortMapping(containerPort: 80)
        let forwarder = try await PortForwarder.open([mapping], within: Self.plenty) { _, _ in
            throw PortError.taken("")
        }
        #expect(forwarder.ports.first?.address == "0.0.0.0")
        #expect(Set(forwarder.ports.map(\.hostPort)).count == 1)
        forwarder.close()
    }

    @Test("carry datagrams, each sender's answers to that sender")
    func datagrams() async throws {
        let server = Self.server(SOCK_DGRAM)
        let forwarder = try await Self.forwarder(to: server.port, .udp)
        let host = try #require(forwarder.ports.first).hostPort
        let clients = (0..<3).map { _ in Self.connect(host, SOCK_DGRAM) }
        // Sends each datagram back to where it came from.
        let served = OwnThread.run {
            for _ in 0..<6 {
                var bytes = [UInt8](repeating: 0, count: 1 << 14)
                var place = sockaddr_in()
                var size = socklen_t(MemoryLayout<sockaddr_in>.size)
                withUnsafeMutablePointer(to: &place) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        let count = recvfrom(server.socket, &bytes, bytes.count, 0, $0, &size)
                        sendto(server.socket, bytes, max(0, count), 0, $0, size)
                    }
                }
            }
        }
        for turn in 0..<2 {
            for (index, client) in clients.enumerated() {
                let text = "\(turn)-\(index)" + String(repeating: "x", count: 9000)
                #expect(write(client, text, text.utf8.count) == text.utf8.count)
                let answer = await OwnThread.run {
                    var bytes = [UInt8](repeating: 0, count: 1 << 14)
                    let count = read(client, &bytes, bytes.count)
                    return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
                }.value
                #expect(answer == text)
            }
        }
        await served.value
        for client in clients { close(client) }
        forwarder.close()
        close(server.socket)
    }

    @Test("of datagrams: all of one container have one bound on flows, whose end makes room")
    func flowBudget() async throws {
        let server = Self.server(SOCK_DGRAM)
        let inner = PortMapping(containerPort: server.port, transport: .udp)
        let mappings = (0..<3).map { _ in inner }
        let forwarder = try await PortForwarder.open(mappings, within: Self.plenty) { port, _ in
            Self.connect(port, SOCK_DGRAM)
        }
        let hosts = forwarder.ports.filter { $0.address == "0.0.0.0" }.map(\.hostPort)
        try #require(hosts.count == 3)
        let counts = [FlowState<Int>.flowsMax, FlowState<Int>.flowsMax, 16]
        var clients: [Int32] = []
        for (host, count) in zip(hosts, counts) {
            for _ in 0..<count {
                let client = Self.connect(host, SOCK_DGRAM)
                clients.append(client)
                #expect(write(client, "x", 1) == 1)
                // Not faster than the listener's socket takes them: what it loses opens no flow.
                if clients.count % 32 == 0 { try await Task.sleep(for: .milliseconds(20)) }
            }
        }
        try await Self.eventually { forwarder.flowCount == FlowBudget.flowsMax }
        forwarder.close()
        try await Self.eventually { forwarder.flowCount == 0 }
        for client in clients { close(client) }
        close(server.socket)
    }

    @Test("of all containers have one bound, of which none takes all, and an end makes room")
    func gatewayBound() async throws {
        let server = Self.server(SOCK_STREAM)
        // Four places: one container's ports get two of them, the other's one of the rest.
        let budget = ConnectionBudgetTests.budget(places: 4)
        let first = try await Self.forwarder(to: server.port, within: budget)
        let second = try await Self.forwarder(to: server.port, within: budget)
        let host = try #require(first.ports.first).hostPort
        var clients = [Self.connect(host), Self.connect(host)]
        try await Self.eventually { first.connectionCount == 2 }
        let refused = Self.connect(host)
        #expect(await OwnThread.run { Self.readAll(refused) }.value == [])
        close(refused)
        clients.append(Self.connect(try #require(second.ports.first).hostPort))
        try await Self.eventually { second.connectionCount == 1 }
        #expect(budget.takenCount == 3)
        // A reset: the server inside, which never answers, would keep an end half open.
        var reset = linger(l_onoff: 1, l_linger: 0)
        setsockopt(clients[0], SOL_SOCKET, SO_LINGER, &reset, socklen_t(MemoryLayout<linger>.size))
        close(clients.removeFirst())
        try await Self.eventually { first.connectionCount == 1 && budget.takenCount == 2 }
        clients.append(Self.connect(host))
        try await Self.eventually { first.connectionCount == 2 }
        first.close()
        second.close()
        try await Self.eventually { budget.takenCount == 0 }
        for client in clients { close(client) }
        close(server.socket)
    }

    private static func eventually(_ isTrue: () -> Bool) async throws {
        for _ in 0..<500 where !isTrue() { try await Task.sleep(for: .milliseconds(10)) }
        #expect(isTrue())
    }
}
