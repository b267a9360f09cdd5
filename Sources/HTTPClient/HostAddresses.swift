// SPDX-License-Identifier: Apache-2.0
// Addresses as the system has them: of this host's interfaces, of a connection to be, in text.

import Glibc

/// The addresses of this host.
package enum HostAddresses {
    /// The current addresses of every interface; empty when the system does not report them.
    package static func current() -> Set<NetworkAddress> {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return [] }
        defer { freeifaddrs(first) }
        var found: Set<NetworkAddress> = []
        var next = first
        while let entry = next {
            if let address = entry.pointee.ifa_addr,
                let own = NetworkAddress(UnsafeRawPointer(address), family: Int32(address.pointee.sa_family))
            {
                found.insert(own)
            }
            next = entry.pointee.ifa_next
        }
        return found
    }
}

extension NetworkAddress {
    /// Reads a socket address of at least the family's size; nil for other families.
    init?(_ address: UnsafeRawPointer, family: Int32) {
        switch family {
        case AF_INET:
            self = .v4(UInt32(bigEndian: address.loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr))
        case AF_INET6:
            var number = address.loadUnaligned(as: sockaddr_in6.self).sin6_addr
            self.init(v6: withUnsafeBytes(of: &number) { Array($0) })
        default: return nil
        }
    }

    /// Reads the text form of one address, without brackets.
    init?(text: String) {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            self = .v4(UInt32(bigEndian: four.s_addr))
            return
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        self.init(v6: withUnsafeBytes(of: &six) { Array($0) })
    }
}
