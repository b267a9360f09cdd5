// SPDX-License-Identifier: Apache-2.0
// The part of cgroup set-up that the gateway does once at start: hands controllers down on v2, names its folder.

import CSandbox
import Foundation
import Glibc

enum CgroupPreparation {
    /// The hierarchies for the helper, with this gateway's folder in each.
    static func prepare(dataDirectory: String) -> [csandbox_cgroup] {
        let hierarchies = CgroupLayout.find(
            mountinfo: text("/proc/self/mountinfo"),
            ownCgroups: text("/proc/self/cgroup"),
            unifiedControllers: { text($0 + "/cgroup.controllers") }
        )
        return hierarchies.prefix(Int(CSANDBOX_CGROUPS_MAX)).compactMap { hierarchy in
            if hierarchy.isUnified { handDown(hierarchy) }
            var cgroup = csandbox_cgroup()
            cgroup.kinds = kinds(of: hierarchy)
            let path = hierarchy.parent + "/" + folderName(dataDirectory)
            return FixedText.copy(path, into: &cgroup.path) ? cgroup : nil
        }
    }

    /// The same data folder always gives the same name, so that leftovers are found again.
    static func folderName(_ dataDirectory: String) -> String {
        "mayfly-" + String(gatewayHash(dataDirectory), radix: 16)
    }

    /// What tells this gateway's cgroups, interfaces and firewall table from those of others on the machine.
    static func gatewayHash(_ dataDirectory: String) -> UInt64 {
        // FNV-1a, 64 bit: short and stable; two gateways on one machine have two data folders.
        dataDirectory.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01b3
        }
    }

    private static func kinds(of hierarchy: CgroupHierarchy) -> UInt32 {
        if hierarchy.isUnified { return UInt32(CSANDBOX_CGROUP_V2.rawValue) }
        return hierarchy.controllers.reduce(0) { kinds, controller in
            switch controller {
            case .memory: kinds | UInt32(CSANDBOX_CGROUP_MEMORY.rawValue)
            case .cpu: kinds | UInt32(CSANDBOX_CGROUP_CPU.rawValue)
            case .pids: kinds | UInt32(CSANDBOX_CGROUP_PIDS.rawValue)
            }
        }
    }

    /// A v2 folder with processes of its own cannot hand controllers to children, so the gateway moves aside first.
    private static func handDown(_ hierarchy: CgroupHierarchy) {
        if enable(hierarchy) { return }
        let aside = hierarchy.parent + "/mayfly-gateway"
        guard mkdir(aside, 0o755) == 0 || errno == EEXIST else { return }
        guard write("\(getpid())", to: aside + "/cgroup.procs") else { return }
        // What is still missing then shows as a finding: the helper looks for the limit files themselves.
        _ = enable(hierarchy)
    }

    private static func enable(_ hierarchy: CgroupHierarchy) -> Bool {
        hierarchy.controllers.allSatisfy {
            write("+\($0.rawValue)", to: hierarchy.parent + "/cgroup.subtree_control")
        }
    }

    private static func write(_ text: String, to path: String) -> Bool {
        let file = Glibc.open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { Glibc.close(file) }
        return Glibc.write(file, text, text.utf8.count) == text.utf8.count
    }

    /// Files of the kernel that may be absent read as empty.
    private static func text(_ path: String) -> String {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
