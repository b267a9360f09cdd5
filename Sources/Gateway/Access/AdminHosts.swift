// SPDX-License-Identifier: Apache-2.0
// The names under which administrative paths are served. AdminGate asks it.

import Contracts
import Glibc

/// Names of this gateway.
///
/// A page of any site can make its own name point to this machine, and is then of the same origin for a browser (DNS
/// rebinding). An address cannot be taken over that way, loopback's names never leave the machine, and a name without a
/// dot, as containers of one network call each other, cannot be registered.
struct AdminHosts: Hashable, Sendable {
    private let names: Set<String>
    private let allowsAll: Bool

    /// - Parameter names: further names, `*` for any; letter case does not matter.
    init(_ names: [String]) {
        self.names = Set(names.map { $0.lowercased() })
        allowsAll = names.contains("*")
    }

    /// The names that need no configuration: the machine's own, and the one listened on.
    static func standard(listening host: String, _ further: [String]) -> AdminHosts {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return AdminHosts(further + [host]) }
        let own = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return AdminHosts(further + [host, own, own + ".local"])
    }

    /// Whether a request for this authority may be administrative; one without a host comes from no browser.
    func allows(_ authority: String?) -> Bool {
        guard let authority, !allowsAll else { return true }
        if authority.hasPrefix("[") { return true }
        var host = RequestHead.splitAuthority(authority).host.lowercased()
        if host.hasSuffix(":") || host.hasSuffix(".") { host.removeLast() }
        var address = in_addr()
        return !host.contains(".") || host.hasSuffix(".localhost") || names.contains(host)
            || inet_pton(AF_INET, host, &address) == 1
    }
}
