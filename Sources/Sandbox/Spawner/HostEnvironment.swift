// SPDX-License-Identifier: Apache-2.0
// The result of probing and preparing this host before the first helper starts. Spawner and Warden hold it.

import CSandbox
import Glibc

/// The part of a helper's configuration that stays the same for the gateway's lifetime.
///
/// Made while the gateway still has its full privileges: afterwards it can neither probe nor prepare the host.
struct HostEnvironment: Sendable {
    let dataDirectory: String
    /// Whether it was made as root.
    let isPrivileged: Bool
    /// Whether functions cannot lower their oom_score_adj, so that the kernel kills them first when memory is short.
    let fixesMemoryVictims: Bool
    let cgroups: [csandbox_cgroup]
    /// Nil where functions cannot have a network.
    let egress: EgressIdentity?
    let resolver: HostResolver
    /// Sixth argument of the system calls that the set-up itself makes.
    let cookie: UInt64
    /// Whether all slots have one range of ids.
    let sharesIDs: Bool
    /// Whether containers may mount folders of the host outside of DATA.
    let showsHost: Bool
    /// Set by tests only.
    let makesOverlays: Bool

    var rootfsDirectory: String { dataDirectory + "/rootfs" }

    /// `makesOverlays` makes roots as on kernels before 6.6.
    init(
        dataDirectory: String,
        resolver: HostResolver = .ofHost(),
        showsHost: Bool = true,
        makesOverlays: Bool = false
    ) {
        self.showsHost = showsHost
        self.dataDirectory = dataDirectory
        self.resolver = resolver
        self.makesOverlays = makesOverlays
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
            filter: SeccompFilter.compile(cookie: cookie, reportsSockets: true),
            cookie: cookie,
            egress: egress,
            sharesIDs: sharesIDs,
            showsHost: showsHost,
            makesOverlays: makesOverlays
        )
    }

    /// The firewall's ruleset, which the caller closes; nil without egress.
    func ruleset() throws(SandboxError) -> Int32? {
        guard let egress else { return nil }
        return try EgressFirewall.rulesetFile(egress, nameservers: resolver.nameservers).take()
    }
}
