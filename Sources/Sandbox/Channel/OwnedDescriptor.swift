// SPDX-License-Identifier: Apache-2.0
// A file descriptor with one owner. All code of this room holds descriptors through this type.

import Glibc

/// A descriptor that is closed at the end of this value's lifetime.
package struct OwnedDescriptor: ~Copyable, Sendable {
    /// The descriptor's number, valid during this value's lifetime.
    package let raw: Int32

    /// Takes ownership of a descriptor that has no other owner.
    package init(owning raw: Int32) { self.raw = raw }

    deinit { close(raw) }

    /// Gives up ownership: the caller has to close the returned number.
    package consuming func take() -> Int32 {
        let number = raw
        discard self
        return number
    }

    /// Two connected ends that keep packets whole, close-on-exec.
    static func packetPair() throws(SandboxError) -> DescriptorPair {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw .system(call: "socketpair", errorNumber: errno)
        }
        return DescriptorPair(
            first: OwnedDescriptor(owning: ends[0]),
            second: OwnedDescriptor(owning: ends[1])
        )
    }
}

/// Two ends of one connection.
struct DescriptorPair: ~Copyable {
    var first: OwnedDescriptor
    var second: OwnedDescriptor

    consuming func split() -> (Int32, Int32) { (first.take(), second.take()) }
}
