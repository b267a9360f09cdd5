// SPDX-License-Identifier: Apache-2.0
// The gateway's own privileges: what it has, and how it gives them up. faasctl's serve drives it.

import CSandbox
import Glibc

/// Gives up root, once and for ever.
package enum Privileges {
    /// User id of gateways on hosts without a user called ``serviceUser``.
    ///
    /// The last range of 65536 of those that systemd's list leaves unused (systemd.io/UIDS-GIDS), which is beyond
    /// the last slot's; not the user `nobody`, which other programs use, too.
    package static let fallbackID: UInt32 = SpawnerConfiguration.firstUserID + 4095 * CSANDBOX_IDS_PER_SLOT
    /// The user whose ids are taken when the host has it.
    package static let serviceUser = "mayfly"
    /// Ports below need CAP_NET_BIND_SERVICE.
    package static let firstFreePort = 1024

    /// The account that the gateway switches to.
    package struct Account: Hashable, Sendable {
        package var uid: UInt32
        package var gid: UInt32
    }

    /// Whether there is anything to give up.
    package static var areHeld: Bool { HostPrivileges.areFull }

    /// The service's user on this host.
    package static func account() -> Account {
        guard let entry = unsafe getpwnam(serviceUser), unsafe entry.pointee.pw_uid != 0 else {
            return Account(uid: fallbackID, gid: fallbackID)
        }
        return unsafe Account(uid: entry.pointee.pw_uid, gid: entry.pointee.pw_gid)
    }

    /// Becomes `account` with no capability in any set, no_new_privs and the functions' seccomp filter.
    ///
    /// - Parameters:
    ///   - account: the user and group to switch to.
    ///   - keepsPorts: true keeps what binding a port below 1024 needs until ``dropPorts(_:)``.
    /// - Throws: ``SandboxError``; the process must end then, it may be half-way.
    package static func drop(to account: Account, keepsPorts: Bool) throws(SandboxError) {
        // Capabilities belong to threads: a second one would keep them.
        guard csandbox_thread_count() == 1 else {
            throw .unsupported("giving up privileges with more than one thread")
        }
        // What functions may not call, the gateway has no use for either: namespaces of its own above all, in which
        // it could make trees that the spawner would mount.
        var generator = SystemRandomNumberGenerator()
        let filter = try SeccompFilter.compile(cookie: generator.next())
        let result = csandbox_drop_privileges(
            account.uid,
            account.gid,
            keepsPorts,
            filter,
            filter.count
        )
        guard result == 0 else { throw .system(call: "giving up privileges", errorNumber: -result) }
    }

    /// Gives up what was kept for ports, in every thread.
    package static func dropPorts(_ account: Account) throws(SandboxError) {
        let result = csandbox_drop_ports(account.uid)
        guard result == 0 else { throw .system(call: "setresuid", errorNumber: -result) }
    }

    /// Makes a folder a mount of its own in a mount namespace of this process's own.
    ///
    /// No file can be moved or linked between it and anything else, and nothing in it can be executed from here: a
    /// gateway that was taken over can have files of root made in there, and must not get them out.
    ///
    /// - Parameters:
    ///   - folder: DATA.
    ///   - parent: one above it that only root can pass, or nil. It is covered: what is not seen any more, the
    ///     service's user could not have reached anyhow.
    /// - Throws: ``SandboxError``.
    package static func shelter(_ folder: String, below parent: String?) throws(SandboxError) {
        let result = csandbox_isolate_folder(parent, folder)
        guard result == 0 else { throw .system(call: "mount", errorNumber: -result) }
    }
}
