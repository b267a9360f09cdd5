// SPDX-License-Identifier: Apache-2.0
// The host's name servers as functions can use them, from resolv.conf(5). Read once, at the start.

import Foundation
import FunctionModel

/// Name servers and search domains for functions with a network.
struct HostResolver: Hashable, Sendable {
    /// What resolvers read at most (resolv.conf(5), MAXNS).
    static let nameserversMax = 3
    /// Longest search list that resolvers read, in bytes.
    static let searchBytesMax = 256
    /// A resolv.conf has some lines; a larger file is not one.
    static let fileBytesMax = 64 * 1024
    /// systemd-resolved's own list, behind its stub on 127.0.0.53.
    static let systemdPath = "/run/systemd/resolve/resolv.conf"

    var nameservers: [UInt32] = []
    var search: [String] = []

    /// What a function's /etc/resolv.conf says; empty without a name server.
    var fileContent: String {
        guard !nameservers.isEmpty else { return "" }
        let servers = nameservers.map { "nameserver \(IPv4Network.text($0))\n" }.joined()
        return servers + (search.isEmpty ? "" : "search \(search.joined(separator: " "))\n")
    }

    /// Takes the first of the files that has a server which another network namespace can reach too.
    ///
    /// Loopback addresses are the host's own; IPv6 ones cannot be reached, since functions have IPv4 only.
    init(files: [String]) {
        for file in files {
            let found = Self.parse(file)
            if !found.nameservers.isEmpty {
                self = found
                return
            }
        }
    }

    /// This host's; absent files read as empty, since a host without DNS is one that functions can run on.
    static func ofHost() -> HostResolver {
        HostResolver(
            files: ["/etc/resolv.conf", systemdPath].map { path in
                let bytes = FileManager.default.contents(atPath: path) ?? Data()
                return String(decoding: bytes.prefix(fileBytesMax), as: UTF8.self)
            }
        )
    }

    private static func parse(_ text: String) -> HostResolver {
        var found = HostResolver(files: [])
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard let keyword = words.first, words.count > 1 else { continue }
            if keyword == "nameserver", let address = IPv4Network.address(words[1]), address >> 24 != 127,
                address != 0, found.nameservers.count < nameserversMax,
                !found.nameservers.contains(address)
            {
                found.nameservers.append(address)
            } else if keyword == "search" || keyword == "domain" {
                let names = words.dropFirst().map(String.init).filter(isDomain)
                let fits = names.reduce(0) { $0 + $1.utf8.count + 1 } <= searchBytesMax
                found.search = fits ? names : []
            }
        }
        return found
    }

    /// Letters, digits, dots, hyphens and underscores: nothing that could begin another line.
    private static func isDomain(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}
