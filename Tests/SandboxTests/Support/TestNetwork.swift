// SPDX-License-Identifier: Apache-2.0
// Three network namespaces of the tests' own: a host between the public internet and a private network. Nothing of it
// touches the machine's own network.

import Foundation
import FunctionModel
import Glibc
import Logging
import Testing

@testable import Sandbox

/// The topology, and a gateway's helper that lives in the middle of it.
///
/// ```
/// outside 203.0.113.2 -- 203.0.113.1 host 10.77.0.1 -- 10.77.0.2 inside
///  169.254.169.254
/// ```
/// Every namespace accepts connections to port 7000, the inside one to port 53 too.
final class TestNetwork: Sendable {
    static let outside = "203.0.113.2"
    static let metadata = "169.254.169.254"
    static let inside = "10.77.0.2"
    static let hostAddresses = ["203.0.113.1", "10.77.0.1"]
    static let port: UInt16 = 7000
    /// Longest time that one ip or nft command may take; they take some milliseconds.
    private static let commandSecondsMax = 10.0

    let names: [String]
    private let listeners: [Int32]
    /// Accepts what comes from the host to the outside.
    var outsideListener: Int32 { listeners[1] }

    var hostName: String { names[0] }

    init() throws {
        let prefix = "mayflytest-\(getpid())-"
        names = ["host", "outside", "inside"].map { prefix + $0 }
        let host = names[0]
        for name in names {
            try Self.ip(["netns", "add", name])
            try Self.ip(["-n", name, "link", "set", "lo", "up"])
        }
        let pairs = [
            ("outer", "203.0.113.1/24", names[1], "203.0.113.2/24"),
            ("inner", "10.77.0.1/24", names[2], "10.77.0.2/24"),
        ]
        for (interface, near, remote, far) in pairs {
            try Self.ip([
                "-n", host, "link", "add", interface, "type", "veth", "peer", "name", "eth0", "netns", remote,
            ])
            try Self.ip(["-n", host, "address", "add", near, "dev", interface])
            try Self.ip(["-n", remote, "address", "add", far, "dev", "eth0"])
            try Self.ip(["-n", host, "link", "set", interface, "up"])
            try Self.ip(["-n", remote, "link", "set", "eth0", "up"])
        }
        try Self.ip(["-n", names[1], "address", "add", Self.metadata + "/32", "dev", "eth0"])
        try Self.ip(["-n", host, "route", "add", Self.metadata, "via", Self.outside])
        let ports = [(names[0], Self.port), (names[1], Self.port), (names[2], Self.port), (names[2], 53)]
        listeners = try ports.map { name, port in try Self.within(name) { try Self.listen(port) } }
    }

    func close() throws {
        for listener in listeners { Glibc.close(listener) }
        for name in names { try Self.ip(["netns", "delete", name]) }
    }

    /// Runs `body` with a helper in the middle, whose host has a name server in the private network.
    static func with<Result>(
        nameserver: String = inside,
        _ body: (TestHost, TestNetwork) async throws -> Result
    ) async throws -> Result {
        let network = try TestNetwork()
        do {
            let host = try network.host(nameserver: nameserver)
            let result: Result
            do {
                try Probe.compile(to: host.plan.rootfs + "/bin/probe")
                result = try await body(host, network)
            } catch {
                try await host.close()
                throw error
            }
            try await host.close()
            try network.close()
            return result
        } catch {
            try network.close()
            throw error
        }
    }

    private func host(nameserver: String) throws -> TestHost {
        try TestHost { try spawner(dataDirectory: $0, nameserver: nameserver) }
    }

    /// A helper whose network namespace is the host's: it keeps the one of the thread that starts it.
    func spawner(dataDirectory: String, nameserver: String = inside) throws -> Spawner {
        try Self.within(hostName) {
            try Spawner(
                host: HostEnvironment(
                    dataDirectory: dataDirectory,
                    resolver: HostResolver(files: ["nameserver \(nameserver)\nsearch example.com\n"])
                ),
                logger: Logger(label: "test")
            )
        }
    }

    /// What `ip` and `nft` print inside the host.
    func onHost(_ command: [String]) throws -> String {
        try Self.ip(["netns", "exec", hostName] + command)
    }

    private static func listen(_ port: UInt16) throws -> Int32 {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(bound == 0 && Glibc.listen(listener, 64) == 0)
        return listener
    }

    /// Moves the calling thread to a namespace for the time of `body`, which must not suspend.
    private static func within<Result>(_ name: String, _ body: () throws -> Result) throws -> Result {
        typealias SetNamespace = @convention(c) (Int32, Int32) -> Int32
        let symbol = try #require(dlsym(nil, "setns"))
        // SAFETY: setns(2) has this signature; Swift's Glibc module only hides it.
        let setNamespace = unsafeBitCast(symbol, to: SetNamespace.self)
        let own = OwnedDescriptor(owning: open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC))
        let other = OwnedDescriptor(owning: open("/run/netns/" + name, O_RDONLY | O_CLOEXEC))
        try #require(own.raw >= 0 && setNamespace(other.raw, 0) == 0)
        defer { if setNamespace(own.raw, 0) != 0 { Issue.record("the thread is lost in \(name)") } }
        return try body()
    }

    @discardableResult
    static func ip(_ arguments: [String]) throws -> String {
        let process = Process()
        let output = Foundation.Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
        process.arguments = ["\(commandSecondsMax)", "ip"] + arguments
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw SandboxError.system(
                call: "ip " + arguments.joined(separator: " "),
                errorNumber: process.terminationStatus
            )
        }
        return text
    }
}
