// SPDX-License-Identifier: Apache-2.0
// Which addresses downloads and registries' answers may lead to.

import FunctionModel
import Testing

@testable import HTTPClient

@Suite struct DestinationPolicyTests {
    private func address(_ text: String) throws -> NetworkAddress { try #require(NetworkAddress(text: text)) }

    private func scope(_ text: String) throws -> AddressScope {
        AddressScope(try address(text), own: [try address("203.0.113.9"), try address("2a00::9")])
    }

    @Test(
        "every address has the scope that it is reached by, whatever notation IPv6 has for it",
        arguments: [
            ("127.0.0.1", .host), ("127.9.9.9", .host), ("0.0.0.0", .host), ("0.1.2.3", .host),
            ("::1", .host),
            ("::", .host), ("::ffff:127.0.0.1", .host), ("64:ff9b::7f00:1", .host), ("2002:7f00:1::", .host),
            ("203.0.113.9", .host), ("::ffff:203.0.113.9", .host), ("2a00::9", .host), ("10.0.0.1", .local),
            ("100.64.0.1", .local), ("172.31.255.255", .local), ("192.168.1.1", .local), ("fd00::1", .local),
            ("::ffff:10.0.0.1", .local), ("64:ff9b::a00:1", .local), ("169.254.169.254", .reserved),
            ("192.0.0.1", .reserved), ("198.18.0.1", .reserved), ("224.0.0.1", .reserved),
            ("255.255.255.255", .reserved), ("fe80::1", .reserved), ("ff02::1", .reserved),
            ("2001:db8::1", .reserved), ("2001:0:7f00:1::", .reserved), ("64:ff9b:1::1", .reserved),
            ("8.8.8.8", .open), ("172.32.0.1", .open), ("2a00::1", .open), ("2001:4860:4860::8888", .open),
            ("::ffff:8.8.8.8", .open),
        ] as [(String, AddressScope)]
    )
    func scopes(text: String, expected: AddressScope) throws {
        #expect(try scope(text) == expected)
    }

    /// Addresses of each scope, and from where they may be reached.
    @Test(
        "an answer leads no nearer to this host than its server is",
        arguments: [
            (.open, ["8.8.8.8"]), (.reserved, ["8.8.8.8"]), (.local, ["10.1.2.3", "8.8.8.8"]),
            (.host, ["127.0.0.1", "10.1.2.3", "8.8.8.8"]),
        ] as [(AddressScope, [String])]
    )
    func reach(source: AddressScope, reached: [String]) throws {
        var policy = DestinationPolicy()
        policy.source = source
        let all = ["127.0.0.1", "169.254.169.254", "10.1.2.3", "8.8.8.8"]
        #expect(try all.filter { policy.permits(try address($0), own: []) } == reached)
    }

    @Test("the configuration opens the networks that it names, and no more")
    func allowed() throws {
        let policy = DestinationPolicy(allowed: [try #require(IPv4Network("10.1.0.0/16"))])
        #expect(policy.permits(try address("10.1.2.3"), own: []))
        #expect(policy.permits(try address("::ffff:10.1.2.3"), own: []))
        #expect(!policy.permits(try address("10.2.0.1"), own: []))
        #expect(!policy.permits(try address("127.0.0.1"), own: []))
    }

    @Test("this host's own addresses are known, loopback among them")
    func ownAddresses() throws {
        #expect(HostAddresses.current().contains(try address("127.0.0.1")))
    }
}
