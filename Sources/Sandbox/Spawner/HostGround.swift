// SPDX-License-Identifier: Apache-2.0
// What is found out about this host, and prepared on it, before the first helper starts. Spawner and Warden hold it.

import CSandbox
import Glibc

/// The part of a helper's configuration that stays the same as long as the gateway lives.
///
/// Made while the gateway has all the privileges it ever has: later it could neither look nor prepare.
struct HostGround: Sendable {
    let dataDirectory: String
    /// Whether it was made as root.
    let isPrivileged: Bool
    /// Whether functions cannot take back that they go first when memory runs short.
    let fixesMemoryVictims: Bool
    let cgroups: [csandbox_cgroup]
    /// Nil where functions cannot have a network.
    let egress: EgressIdentity?
    let resolver: HostResolver
    /// Sixth argument of the set-up's own system calls.
    let cookie: UInt64
    /// Whether all slots have one range of ids.
    let sharesIDs: Bool
    /// Whether containers may be shown folders of the host outside of DATA.
    let showsHost: Bool
    /// Only tests insist on it.
    let handsOverlays: Bool

    var rootfsDirectory: String { dataDirectory + "/rootfs" }

    /// `handsOverlays` makes roots as on kernels before 6.6.
    init(
        dataDirectory: String,
        resolver: HostResolver = .ofHost(),
        showsHost: Bool = true,
        handsOverlays: Bool = false
    ) {
        self.showsHost = showsHost
        self.dataDirectory = dataDirectory
        self.resolver = resolver
        self.handsOverlays = handsOverlays
        isPrivileged = HostPrivileges.areFull
        fixesMemoryVictims = HostPrivileges.fixMemoryVictims
        sharesIDs = OwnerTranslation.shift(for: dataDirectory) != nil
        egress = EgressFirewall.isPossible ? EgressIdentity(dataDirectory: dataDirectory) : nil
        cgroups = CgroupPreparation.prepare(dataDirectory: dataDirectory)
        var generator = SystemRandomNumberGenerator()
        cookie = generator.next()
    }

    /// The configuration; the caller deallocates it.
    func configuration() throws(SandboxError) -> UnsafeMutablePointer<csandbox_configure> {
        try SpawnerConfiguration.make(
            rootfsDirectory: rootfsDirectory,
            isPrivileged: isPrivileged,
            cgroups: cgroups,
            filter: SeccompFilter.compile(cookie: cookie, tellsSockets: true),
            cookie: cookie,
            egress: egress,
            sharesIDs: sharesIDs,
            showsHost: showsHost,
            handsOverlays: handsOverlays
        )
    }

    /// The firewall's ruleset, which the caller closes; nil without egress.
    func ruleset() throws(SandboxError) -> Int32? {
        guard let egress else { return nil }
        return try EgressFirewall.rulesetFile(egress, nameservers: resolver.nameservers).take()
    }
}
