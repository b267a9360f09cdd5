// SPDX-License-Identifier: Apache-2.0
// The capabilities that a function may be given: Docker's default set without those that reach past the sandbox.

/// Capabilities that a container may have.
package enum Capabilities {
    /// Number of each (linux/capability.h).
    ///
    /// MKNOD and NET_RAW are Docker's too, and stay out: nothing here needs
    /// device nodes, and raw sockets can forge.
    static let allowed: [String: Int] = [
        "CAP_CHOWN": 0, "CAP_DAC_OVERRIDE": 1, "CAP_FOWNER": 3, "CAP_FSETID": 4, "CAP_KILL": 5,
        "CAP_SETGID": 6, "CAP_SETUID": 7, "CAP_SETPCAP": 8, "CAP_NET_BIND_SERVICE": 10, "CAP_SYS_CHROOT": 18,
        "CAP_AUDIT_WRITE": 29, "CAP_SETFCAP": 31,
    ]

    /// What root of a build step or of an attached container has.
    ///
    /// All of the list but SYS_CHROOT: the filter refuses chroot. They count in the container's user namespace
    /// only, over its own 65,536 user ids.
    package static let ofRoot = allowed.keys.filter { $0 != "CAP_SYS_CHROOT" }.sorted()

    /// One bit per capability.
    ///
    /// - Throws: ``SandboxError`` naming one that is not on the list.
    static func mask(_ names: [String]) throws(SandboxError) -> UInt64 {
        var mask: UInt64 = 0
        for name in names {
            let upper = name.uppercased()
            guard let number = allowed[upper.hasPrefix("CAP_") ? upper : "CAP_" + upper] else {
                throw .unsupported(
                    "capability \(name); possible are \(allowed.keys.sorted().joined(separator: ", "))"
                )
            }
            mask |= 1 << UInt64(number)
        }
        return mask
    }
}
