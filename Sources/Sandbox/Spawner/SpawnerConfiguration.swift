// SPDX-License-Identifier: Apache-2.0
// The first message to the helper: everything it needs to know of this host, in one fixed struct.

import CSandbox
import Glibc

enum SpawnerConfiguration {
    /// First user id of slot 0: the part of the id space that systemd's list leaves to others
    /// (systemd.io/UIDS-GIDS: 1879048192 to 2147483647 unused), 4095 ranges of 65536.
    static let firstUserID: UInt32 = 1_879_048_192

    /// Builds the message on the heap: it carries the whole filter.
    ///
    /// - Throws: ``SandboxError`` when a path is too long or the filter too large.
    static func make(
        rootfsDirectory: String,
        isPrivileged: Bool,
        cgroups: [csandbox_cgroup],
        filter: [csandbox_instruction],
        cookie: UInt64,
        egress: EgressIdentity?,
        sharesIDs: Bool,
        showsHost: Bool,
        makesOverlays: Bool
    ) throws(SandboxError) -> UnsafeMutablePointer<csandbox_configure> {
        guard filter.count <= Int(CSANDBOX_FILTER_MAX) else {
            throw .unsupported("a seccomp filter of \(filter.count) instructions")
        }
        let message = UnsafeMutablePointer<csandbox_configure>.allocate(capacity: 1)
        memset(message, 0, MemoryLayout<csandbox_configure>.size)
        message.pointee.header.kind = UInt32(CSANDBOX_CONFIGURE.rawValue)
        message.pointee.version = CSANDBOX_PROTOCOL_VERSION
        if !isPrivileged {
            message.pointee.flags = UInt32(CSANDBOX_ROOTLESS.rawValue)
            if let range = SubordinateIDs.ofThisUser() {
                message.pointee.range_uid = range.firstUser
                message.pointee.range_gid = range.firstGroup
                message.pointee.range_count = range.count
            }
        }
        if sharesIDs { message.pointee.flags |= UInt32(CSANDBOX_SHARED_IDS.rawValue) }
        if !showsHost { message.pointee.flags |= UInt32(CSANDBOX_DATA_ONLY.rawValue) }
        if makesOverlays { message.pointee.flags |= UInt32(CSANDBOX_SPAWNER_OVERLAYS.rawValue) }
        if let egress {
            message.pointee.flags |= UInt32(CSANDBOX_EGRESS.rawValue)
            message.pointee.gateway_hash = egress.gatewayHash
            message.pointee.egress_run = egress.run
            message.pointee.egress_network = egress.network.address
        }
        message.pointee.id_base = firstUserID
        message.pointee.cookie = cookie
        message.pointee.cgroup_count = UInt32(cgroups.count)
        withUnsafeMutableBytes(of: &message.pointee.cgroups) { space in
            cgroups.withUnsafeBytes { space.copyMemory(from: $0) }
        }
        message.pointee.filter_count = UInt32(filter.count)
        withUnsafeMutableBytes(of: &message.pointee.filter) { space in
            filter.withUnsafeBytes { space.copyMemory(from: $0) }
        }
        guard FixedText.copy(rootfsDirectory, into: &message.pointee.rootfs_directory) else {
            message.deallocate()
            throw .unsupported("a data folder path of more than \(CSANDBOX_PATH_MAX) bytes")
        }
        return message
    }
}
