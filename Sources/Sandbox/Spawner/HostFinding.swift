// SPDX-License-Identifier: Apache-2.0
// What this host offers and lacks, as `serve` and `doctor` print it.

import CSandbox
import Glibc
import Synchronization

/// One line of what the host offers.
package struct HostFinding: Hashable, Sendable {
    /// How much its lack takes away; `fatal` means that no sandbox can be made.
    package enum Level: String, Hashable, Sendable { case ok, missing, fatal }
    package var level: Level
    /// For example `cgroup memory`.
    package var name: String
    /// What is lost, and what to do; empty when ok.
    package var advice: String

    package init(level: Level, name: String, advice: String) {
        self.level = level
        self.name = name
        self.advice = advice
    }
}

extension Spawner {
    /// What this host offers and lacks, one line each.
    package var findings: [HostFinding] {
        let features = state.withLock { $0.features }
        func line(_ feature: csandbox_feature, _ name: String, _ advice: String) -> HostFinding {
            let isThere = features & UInt32(feature.rawValue) != 0
            return HostFinding(level: isThere ? .ok : .missing, name: name, advice: isThere ? "" : advice)
        }
        let delegation = "give the service a delegated cgroup (systemd: Delegate=yes), or run as root"
        return [
            privileges(features),
            line(
                CSANDBOX_FEATURE_CGROUP_MEMORY,
                "cgroup memory",
                "memory limits are not enforced: " + delegation
            ),
            line(CSANDBOX_FEATURE_CGROUP_CPU, "cgroup cpu", "cpu limits are not enforced: " + delegation),
            line(CSANDBOX_FEATURE_CGROUP_PIDS, "cgroup pids", "pids limits are not enforced: " + delegation),
            line(CSANDBOX_FEATURE_FREEZER, "cgroup freezer", "containers cannot be paused: " + delegation),
            line(CSANDBOX_FEATURE_EGRESS, "egress", egressAdvice),
            tmpfsAttributes(features),
            line(CSANDBOX_FEATURE_COPIES, "templates", Self.templateAdvice),
            idmappedMounts,
            memoryVictims,
        ]
    }

    private static var templateAdvice: String {
        #if arch(x86_64)
            let reason = TemplateRefusal.noUserNamespace
        #else
            let reason = TemplateRefusal.otherProcessor
        #endif
        return "functions with 'template: true' are started in the ordinary way: " + reason
    }

    private func privileges(_ features: UInt32) -> HostFinding {
        let hasRange = features & UInt32(CSANDBOX_FEATURE_ID_RANGE.rawValue) != 0
        let ids =
            hasRange
            ? "one range of user ids for all containers"
            : "one user id for all containers (a range in /etc/subuid and /etc/subgid, and newuidmap, would give more)"
        let advice =
            "running as an ordinary user: \(ids), files of images are root's; run as root for full isolation"
        return HostFinding(
            level: HostPrivileges.areFull ? .ok : .missing,
            name: "privileges",
            advice: HostPrivileges.areFull ? "" : advice
        )
    }

    /// An ordinary user has none in any case, and no ranges to keep apart.
    private var idmappedMounts: HostFinding {
        HostFinding(
            level: host.sharesIDs ? .missing : .ok,
            name: "idmapped mounts",
            advice: host.sharesIDs
                ? "all containers have one range of user ids, and files of images have these owners on the disk: put the data "
                    + "folder on ext4, xfs, btrfs, or tmpfs since Linux 6.3"
                : ""
        )
    }

    /// Only a process that may lower the value can fix it for others (proc_pid_oom_score_adj(5)).
    private var memoryVictims: HostFinding {
        HostFinding(
            level: host.fixesMemoryVictims ? .ok : .missing,
            name: "oom_score_adj",
            advice: host.fixesMemoryVictims
                ? ""
                : "when the host is out of memory the kernel kills functions first, but a function can lower its oom_score_adj "
                    + "to that of the gateway: give the gateway CAP_SYS_RESOURCE"
        )
    }

    /// As root their lack costs a little time, and nothing else.
    private func tmpfsAttributes(_ features: UInt32) -> HostFinding {
        let isThere =
            features & UInt32(CSANDBOX_FEATURE_TMPFS_ATTRIBUTES.rawValue) != 0 || HostPrivileges.areFull
        return HostFinding(
            level: isThere ? .ok : .missing,
            name: "tmpfs attributes",
            advice: isThere
                ? ""
                : "functions cannot remove or rename folders of their image: run as root, or use Linux 6.6 or later"
        )
    }
}
