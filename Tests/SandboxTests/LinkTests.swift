// SPDX-License-Identifier: Apache-2.0
// Addresses of other containers in a sandbox: connections to them come to the gateway, and nothing leaves the namespace.

import CSandbox
import Foundation
import FunctionModel
import Glibc
import NIOCore
import Testing

@testable import Sandbox

@Suite("Links of a sandbox", .enabled(if: TestHost.isRoot), .serialized)
struct LinkTests {
    private static let own = LinkAddress(network: 3, member: 5)
    private static let other = LinkAddress(network: 3, member: 9)
    private static let waitMax = Duration.seconds(10)

    @Test("addresses of links are in the range that the helper knows")
    func range() {
        let mask = ~UInt32(0) << (32 - UInt32(CSANDBOX_LINKS_PREFIX))
        #expect(Self.own.raw & mask == UInt32(CSANDBOX_LINKS_NETWORK))
        #expect(Self.own.description == "172.30.3.5" && Self.own.isLink)
        #expect(!LinkAddress(raw: 0x7F00_0001).isLink)
        #expect(Self.other.network == 3 && Self.other.member == 9)
    }

    @Test(
        "a connection to another address comes to the gateway, with the address that was meant; in every sandbox"
    )
    func redirected() async throws {
        try await Self.with { slot in
            for turn in 1...2 {
                let sandbox = try await slot.makeSandbox()
                let listener = try await sandbox.listenForLinks()
                try sandbox.release(Self.command("echo hello | busybox nc \(Self.other) 8000")) { _ in }
                let accepted = try await Self.accepted(listener)
                var place = sockaddr_in()
                var size = socklen_t(MemoryLayout<sockaddr_in>.size)
                #expect(getsockopt(accepted.raw, 0, 80, &place, &size) == 0, "turn \(turn)")
                #expect(UInt32(bigEndian: place.sin_addr.s_addr) == Self.other.raw)
                #expect(UInt16(bigEndian: place.sin_port) == 8000)
                #expect(try await Self.read(accepted, 6) == "hello\n")
                close(accepted.take())
                sandbox.closeInput()
                _ = await sandbox.exit()
            }
        }
    }

    @Test("its addresses change while it runs: it reaches itself at the new ones, and is dialled there")
    func changed() async throws {
        try await TestHost.with { host in
            try Probe.compile(to: host.plan.rootfs + "/bin/probe")
            var plan = host.plan
            plan.links = [Self.own]
            plan.rewritesHosts = true
            let slot = try await host.spawner.makeSlot(plan)
            defer { slot.retire() }
            let sandbox = try await slot.makeSandbox()
            let listener = try await sandbox.listenForLinks()
            let second = LinkAddress(network: 4, member: 2)
            let addresses =
                "busybox ip addr show lo | busybox grep -o '172.30.[0-9.]*' | busybox tr '\\n' ' '"
            let script = """
                busybox httpd -p 5000; echo up; \
                while read x; do \(addresses); busybox ip route show table local | busybox grep -c 172.30.0.0/16; done
                """
            try sandbox.release(Self.command(script)) { _ in }
            #expect(await sandbox.nextOutput().map { String(buffer: $0) } == "up\n")
            for (links, dialled) in [
                ([Self.own, second], second), ([second], second), ([], nil), ([Self.own], Self.own),
            ]
                as [([LinkAddress], LinkAddress?)]
            {
                try await sandbox.setLinks(links)
                #expect(await sandbox.write(ByteBuffer(string: "\n")))
                var text = ""
                while !text.hasSuffix("\n"), let piece = await sandbox.nextOutput() {
                    text += String(buffer: piece)
                }
                let shown = links.map { "\($0) " }.joined()
                #expect(text == shown + "1\n", "\(links)")
                for address in [Self.own, second] where address != dialled && !links.contains(address) {
                    await Self.expectRefused {
                        try await sandbox.dial(port: 5000, at: address, from: Self.other)
                    }
                }
                guard let dialled else { continue }
                let connection = try await sandbox.dial(port: 5000, at: dialled, from: Self.other)
                #expect(write(connection.raw, "GET / HTTP/1.0\r\n\r\n", 18) == 18)
                #expect(try await Self.read(connection, 7) == "HTTP/1.")
            }
            #expect(listener.raw >= 0)
            sandbox.kill()
        }
    }

    @Test(
        "a connection that was there before the addresses changed goes on, and a new one still comes to the gateway"
    )
    func kept() async throws {
        try await Self.withHosts { sandbox in
            let listener = try await sandbox.listenForLinks()
            let client = "busybox nc \(Self.other) 8000"
            let script = "(echo one; read x; echo two; read x) | \(client) & read y; echo three | \(client)"
            // Only the first reader has standard input.
            try sandbox.release(Self.command("exec 3<&0; " + script.replacing("read x", with: "read x <&3")))
            { _ in }
            let first = try await Self.accepted(listener)
            #expect(try await Self.read(first, 4) == "one\n")
            try await sandbox.setLinks([Self.own, LinkAddress(network: 4, member: 2)])
            // The second reader may get any of them.
            #expect(await sandbox.write(ByteBuffer(string: "\n\n\n")))
            #expect(try await Self.read(first, 4) == "two\n")
            let second = try await Self.accepted(listener)
            #expect(try await Self.read(second, 6) == "three\n")
        }
    }

    @Test("a change that fails half-way leaves the addresses and the route of before, and others can follow")
    func restored() async throws {
        try await Self.withHosts { sandbox in
            let (second, third) = (LinkAddress(network: 4, member: 2), LinkAddress(network: 5, member: 7))
            let script = """
                busybox readlink /proc/self/ns/net
                while read x; do \
                echo $(busybox ip addr show lo | busybox grep -o '172.30.[0-9.]*' | busybox sort) \
                $(busybox ip route show table local | busybox grep 172.30.0.0/16 | busybox grep -o 'src.*'); done
                """
            try sandbox.release(Self.command(script)) { _ in }
            let namespace = try await Self.line(of: sandbox)
            func shown() async throws -> String {
                #expect(await sandbox.write(ByteBuffer(string: "\n")))
                return try await Self.line(of: sandbox)
            }
            // An address that another program has put there, behind one that comes first.
            try Self.onLoopback(of: namespace, "add", second)
            await #expect(throws: SandboxError.setup(step: "links", errorNumber: EEXIST)) {
                try await sandbox.setLinks([Self.own, third, second])
            }
            #expect(try await shown() == "\(Self.own) \(second) src \(Self.own)")
            try Self.onLoopback(of: namespace, "del", second)
            try await sandbox.setLinks([Self.own, second])
            // One that is gone, behind one that is removed first, and after the route has moved.
            try Self.onLoopback(of: namespace, "del", second)
            await #expect(throws: SandboxError.setup(step: "links", errorNumber: EADDRNOTAVAIL)) {
                try await sandbox.setLinks([third])
            }
            #expect(try await shown() == "\(Self.own) src \(Self.own)")
            try Self.onLoopback(of: namespace, "add", second)
            try await sandbox.setLinks([third])
            #expect(try await shown() == "\(third) src \(third)")
        }
    }

    private static func line(of sandbox: WarmSandbox) async throws -> String {
        var text = ""
        while !text.hasSuffix("\n"), let piece = await sandbox.nextOutput() { text += String(buffer: piece) }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Adds or removes an address of loopback in the network namespace that a link of /proc names.
    private static func onLoopback(of namespace: String, _ verb: String, _ address: LinkAddress) throws {
        let processes = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }
        let process = processes.first {
            // A process may end meanwhile.
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\($0)/ns/net")) == namespace
        }
        let command = Process()
        command.executableURL = URL(fileURLWithPath: "/usr/bin/nsenter")
        command.arguments = [
            "--net=/proc/\(try #require(process))/ns/net", "ip", "addr", verb, "\(address)/32", "dev", "lo",
        ]
        try command.run()
        command.waitUntilExit()
        try #require(command.terminationStatus == 0)
    }

    @Test("a sandbox without a hosts file of the gateway's takes no other addresses")
    func refused() async throws {
        try await Self.with { slot in
            let sandbox = try await slot.makeSandbox()
            await #expect(throws: SandboxError.setup(step: "links", errorNumber: EINVAL)) {
                try await sandbox.setLinks([Self.own, Self.other])
            }
            sandbox.kill()
        }
    }

    @Test("its own address is dialled at any port, and its server sees where the connection comes from")
    func dialled() async throws {
        try await Self.with { slot in
            let sandbox = try await slot.makeSandbox()
            try sandbox.release(Self.command("exec busybox httpd -f -p 5000")) { _ in }
            let connection = try await Self.dial(sandbox, 5000)
            var place = sockaddr_in()
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let result = withUnsafeMutablePointer(to: &place) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    getsockname(connection.raw, $0, &size)
                }
            }
            #expect(result == 0 && UInt32(bigEndian: place.sin_addr.s_addr) == Self.other.raw)
            #expect(write(connection.raw, "GET / HTTP/1.0\r\n\r\n", 18) == 18)
            #expect(try await Self.read(connection, 7) == "HTTP/1.")
            await Self.expectRefused { try await sandbox.dial(port: 5001, at: Self.own, from: Self.other) }
            // Not its own.
            await Self.expectRefused { try await sandbox.dial(port: 5000, at: Self.other, from: Self.own) }
            sandbox.kill()
        }
    }

    @Test("the program reaches itself, and can neither take the gateway's port nor send datagrams to others")
    func inside() async throws {
        try await Self.with { slot in
            let sandbox = try await slot.makeSandbox()
            let listener = try await sandbox.listenForLinks()
            let script = """
                busybox httpd -p 5000; busybox wget -q -O /dev/null \(Self.own):5000/nothing 2>&1
                probe tcp 127.0.0.1 1
                busybox nc -l -p 1 </dev/null 2>&1
                probe udp \(Self.other) 9
                probe udp \(Self.own) 9
                busybox ip addr show lo | busybox grep -c 172.30
                """
            try sandbox.release(Self.command(script)) { _ in }
            sandbox.closeInput()
            guard case .complete(let output, _) = await sandbox.collect(upTo: 4096) else {
                Issue.record("no end")
                return
            }
            let lines = String(buffer: output).split(separator: "\n").map(String.init)
            #expect(lines.first?.contains("404") == true, "\(lines)")
            #expect(
                lines.contains { $0.contains("Address already in use") || $0.contains("in use") },
                "\(lines)"
            )
            #expect(lines.suffix(3) == ["-1 \(EPERM)", "1 0", "1"], "\(lines)")
            #expect(listener.raw >= 0)
        }
    }

    @Test(
        "the gateway rewrites /etc/hosts of a running sandbox, also in a read-only root",
        arguments: [false, true]
    )
    func hosts(readOnly: Bool) async throws {
        try await TestHost.with { host in
            var plan = host.plan
            plan.links = [Self.own]
            plan.rewritesHosts = true
            plan.readOnlyRoot = readOnly
            let slot = try await host.spawner.makeSlot(plan)
            defer { slot.retire() }
            let sandbox = try await slot.makeSandbox()
            let hosts = try await sandbox.openHosts()
            #expect(pwrite(hosts.raw, "1.2.3.4 first\n", 14, 0) == 14 && ftruncate(hosts.raw, 14) == 0)
            let script = """
                busybox cat /etc/hosts; read x; busybox cat /etc/hosts; echo own >> /etc/hosts && echo written
                """
            try sandbox.release(Self.command(script)) { _ in }
            let before = try #require(await sandbox.nextOutput())
            #expect(String(buffer: before) == "1.2.3.4 first\n")
            #expect(pwrite(hosts.raw, "1.2.3.4 other\n", 14, 0) == 14)
            #expect(await sandbox.write(ByteBuffer(string: "\n")))
            sandbox.closeInput()
            guard case .complete(let output, _) = await sandbox.collect(upTo: 4096) else {
                Issue.record("no end")
                return
            }
            #expect(String(buffer: output) == "1.2.3.4 other\n" + (readOnly ? "" : "written\n"))
        }
    }

    /// A sandbox whose links can change while it runs.
    private static func withHosts(_ body: (WarmSandbox) async throws -> Void) async throws {
        try await TestHost.with { host in
            var plan = host.plan
            plan.links = [own]
            plan.rewritesHosts = true
            let slot = try await host.spawner.makeSlot(plan)
            defer { slot.retire() }
            let sandbox = try await slot.makeSandbox()
            defer { sandbox.kill() }
            try await body(sandbox)
        }
    }

    private static func with(_ body: (Slot) async throws -> Void) async throws {
        try await TestHost.with { host in
            try Probe.compile(to: host.plan.rootfs + "/bin/probe")
            var plan = host.plan
            plan.links = [own]
            plan.capabilities = ["CAP_NET_BIND_SERVICE"]
            let slot = try await host.spawner.makeSlot(plan)
            defer { slot.retire() }
            try await body(slot)
        }
    }

    private static func command(_ script: String) -> SandboxCommand {
        SandboxCommand(arguments: ["sh", "-c", script], environment: ["PATH=/bin"])
    }

    private static func accepted(_ listener: borrowing OwnedDescriptor) async throws -> OwnedDescriptor {
        let deadline = ContinuousClock.now + waitMax
        while ContinuousClock.now < deadline {
            let raw = accept(listener.raw, nil, nil)
            if raw >= 0 { return OwnedDescriptor(owning: raw) }
            try await Task.sleep(for: .milliseconds(5))
        }
        throw SandboxError.gone("the connection")
    }

    private static func dial(_ sandbox: WarmSandbox, _ port: UInt16) async throws -> OwnedDescriptor {
        let deadline = ContinuousClock.now + waitMax
        while true {
            do throws(SandboxError) { return try await sandbox.dial(port: port, at: own, from: other) } catch
            {
                guard case .unreachable = error, ContinuousClock.now < deadline else { throw error }
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private static func read(_ connection: borrowing OwnedDescriptor, _ count: Int) async throws -> String {
        var bytes: [UInt8] = []
        let deadline = ContinuousClock.now + waitMax
        while bytes.count < count, ContinuousClock.now < deadline {
            var piece = [UInt8](repeating: 0, count: count - bytes.count)
            let size = recv(connection.raw, &piece, piece.count, Int32(MSG_DONTWAIT))
            if size > 0 { bytes += piece.prefix(size) } else { try await Task.sleep(for: .milliseconds(5)) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func expectRefused(_ ask: () async throws -> OwnedDescriptor) async {
        do {
            _ = try await ask()
            Issue.record("a socket")
        } catch {
            guard case .unreachable? = error as? SandboxError else {
                Issue.record("\(error)")
                return
            }
        }
    }
}
