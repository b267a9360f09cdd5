// SPDX-License-Identifier: Apache-2.0
// A plan as the helper's fixed struct.

import CSandbox
import FunctionModel
import Glibc

enum SlotOrder {
    /// The order for one slot; refuses what does not fit instead of cutting it.
    ///
    /// With `sharesEmptyNetwork` the slot has no network namespace of its own until its first sandbox is released;
    /// with `preparesNext` it makes that sandbox without a request; with `copiesTemplate` its sandboxes are copies.
    ///
    /// - Throws: ``SandboxError`` naming the part that does not fit.
    static func make(
        _ plan: SandboxPlan,
        slot: UInt32,
        sharesEmptyNetwork: Bool,
        preparesNext: Bool,
        copiesTemplate: Bool = false,
        rootfsDirectory: String,
        resolver: HostResolver
    ) throws(SandboxError) -> csandbox_make_slot {
        var order = csandbox_make_slot()
        order.header = csandbox_header(kind: UInt32(CSANDBOX_MAKE_SLOT.rawValue), slot: slot)
        order.uid = plan.user.uid
        order.gid = plan.user.gid
        order.flags =
            flags(of: plan) | (sharesEmptyNetwork ? UInt32(CSANDBOX_SLOT_EMPTY_NETWORK.rawValue) : 0)
            | (preparesNext ? UInt32(CSANDBOX_SLOT_PREPARES_FIRST.rawValue) : 0)
            | (copiesTemplate ? UInt32(CSANDBOX_SLOT_TEMPLATE.rawValue) : 0)
        order.capabilities = try Capabilities.mask(plan.capabilities)
        order.memory_bytes = UInt64(plan.limits.memory.bytes)
        order.disk_bytes = UInt64(plan.limits.disk.bytes)
        order.cpu_millicores = UInt32(plan.limits.cpu.count)
        order.pids = UInt32(plan.limits.pids)
        let prefix = rootfsDirectory + "/"
        guard plan.rootfs.hasPrefix(prefix),
            FixedText.copy(String(plan.rootfs.dropFirst(prefix.count)), into: &order.rootfs)
        else { throw .unsupported("a rootfs outside \(rootfsDirectory)") }
        guard FixedText.copy(plan.hostname, into: &order.hostname) else {
            throw .unsupported("a host name of more than \(CSANDBOX_HOSTNAME_MAX - 1) bytes")
        }
        guard FixedText.copy(plan.workingDirectory, into: &order.directory) else {
            throw .unsupported("a working directory of more than \(CSANDBOX_DIRECTORY_MAX - 1) bytes")
        }
        try addFolders(of: plan, to: &order)
        guard FixedText.copy(plan.hosts.map(\.line).joined(), into: &order.hosts) else {
            throw .unsupported("more than \(CSANDBOX_HOSTS_MAX - 1) bytes of names in /etc/hosts")
        }
        let groups = plan.user.supplementaryGroups
        guard groups.count <= Int(CSANDBOX_GROUPS_MAX) else {
            throw .unsupported("more than \(CSANDBOX_GROUPS_MAX) supplementary groups")
        }
        order.group_count = UInt32(groups.count)
        withUnsafeMutableBytes(of: &order.groups) { space in
            groups.withUnsafeBytes { space.copyMemory(from: $0) }
        }
        order.tree_count = UInt32(plan.hostPlaces.count)
        order.trees_read_only = plan.readOnlyPlaces
        guard plan.hostPlaces.count <= Int(CSANDBOX_TREES_MAX), plan.mounts.count <= Int(CSANDBOX_MOUNTS_MAX)
        else { throw .unsupported("more than \(CSANDBOX_MOUNTS_MAX) mounts in one container") }
        guard plan.links.count <= Int(CSANDBOX_LINKS_MAX) else {
            throw .unsupported("more than \(CSANDBOX_LINKS_MAX) networks of one container")
        }
        order.link_count = UInt32(plan.links.count)
        withUnsafeMutableBytes(of: &order.links) { space in
            plan.links.map(\.raw).withUnsafeBytes { space.copyMemory(from: $0) }
        }
        if plan.network == .egress { try addEgress(of: plan, resolver: resolver, to: &order) }
        return order
    }

    /// The container's own mounts and its root are no folders of the image's choice; they are there anyway.
    private static func addFolders(
        of plan: SandboxPlan,
        to order: inout csandbox_make_slot
    ) throws(SandboxError) {
        func isFolder(_ path: String) -> Bool { SandboxMount.refusal(of: path) == nil }
        let volumes = plan.volumes.filter(isFolder).sorted()
        let folders = volumes + (isFolder(plan.workingDirectory) ? [plan.workingDirectory] : [])
        order.volume_count = UInt32(volumes.count)
        order.folder_count = UInt32(folders.count)
        guard folders.count <= Int(CSANDBOX_FOLDERS_MAX), FixedText.copy(folders, into: &order.folders) else {
            throw .unsupported(
                "an image with more than \(CSANDBOX_FOLDERS_MAX - 1) volumes, or \(CSANDBOX_FOLDERS_BYTES) bytes of them"
            )
        }
    }

    private static func addEgress(
        of plan: SandboxPlan,
        resolver: HostResolver,
        to order: inout csandbox_make_slot
    ) throws(SandboxError) {
        let policy = try EgressPolicy(allow: plan.egressAllow, nameservers: resolver.nameservers)
        guard policy.routes.count <= Int(CSANDBOX_ROUTES_MAX) else {
            throw .unsupported("an egress_allow that takes more than \(CSANDBOX_ROUTES_MAX) routes")
        }
        order.egress_class = UInt32(policy.firewallClass.rawValue)
        order.route_count = UInt32(policy.routes.count)
        withUnsafeMutableBytes(of: &order.routes) { space in
            policy.routes.map(\.wire).withUnsafeBytes { space.copyMemory(from: $0) }
        }
        guard FixedText.copy(resolver.fileContent, into: &order.resolv_conf) else {
            throw .unsupported("a resolv.conf of more than \(CSANDBOX_RESOLV_MAX - 1) bytes")
        }
    }

    private static func flags(of plan: SandboxPlan) -> UInt32 {
        (plan.readOnlyRoot ? UInt32(CSANDBOX_SLOT_READ_ONLY.rawValue) : 0)
            | (plan.network == .egress ? UInt32(CSANDBOX_SLOT_EGRESS.rawValue) : 0)
            | (plan.secrets.isEmpty ? 0 : UInt32(CSANDBOX_SLOT_SECRETS.rawValue))
            | (plan.writableLayer == nil ? 0 : UInt32(CSANDBOX_SLOT_LAYER.rawValue))
            | (plan.hasTerminal ? UInt32(CSANDBOX_SLOT_TERMINAL.rawValue) : 0)
            | (plan.rewritesHosts ? UInt32(CSANDBOX_SLOT_HOSTS.rawValue) : 0)
            | (plan.mounts.isEmpty ? 0 : UInt32(CSANDBOX_SLOT_MOUNTS.rawValue))
            | (plan.hasInit ? UInt32(CSANDBOX_SLOT_INIT.rawValue) : 0)
    }
}
