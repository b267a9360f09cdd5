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
            let parent = hierarchy.isUnified ? handDown(hierarchy) : hierarchy.parent
            var cgroup = csandbox_cgroup()
            cgroup.kinds = kinds(of: hierarchy)
            let path = parent + "/" + folderName(dataDirectory)
            return FixedText.copy(path, into: &cgroup.path) ? cgroup : nil
        }
    }

    /// The same data folder always gives the same name, so that leftovers are found again.
    static func folderName(_ dataDirectory: String) -> String {
        "mayfly-" + String(gatewayHash(dataDirectory), radix: 16)
    }

    /// The part of names that distinguishes this gateway's cgroups, interfaces and firewall table from others.
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
            case .freezer: kinds | UInt32(CSANDBOX_CGROUP_FREEZER.rawValue)
            }
        }
    }

    /// Finds the v2 folder that hands controllers to children, and makes it do so.
    ///
    /// A folder with processes of its own cannot. Alone in its folder, as a service is, the gateway moves aside;
    /// where others live there, as in a login session, the nearest folder above that can is taken.
    private static func handDown(_ hierarchy: CgroupHierarchy) -> String {
        if enable(hierarchy.controllers, in: hierarchy.parent) || moveAside(hierarchy) {
            return hierarchy.parent
        }
        let above = CgroupLayout.foldersAbove(hierarchy)
        // What is still missing shows as a finding: the helper looks for the limit files themselves.
        return above.first { enable(hierarchy.controllers, in: $0) } ?? hierarchy.parent
    }

    private static func moveAside(_ hierarchy: CgroupHierarchy) -> Bool {
        let processes = text(hierarchy.parent + "/cgroup.procs").split(separator: "\n")
        guard processes == ["\(getpid())"] else { return false }
        let aside = hierarchy.parent + "/mayfly-gateway"
        guard mkdir(aside, 0o755) == 0 || errno == EEXIST else { return false }
        return write("\(getpid())", to: aside + "/cgroup.procs")
            && enable(hierarchy.controllers, in: hierarchy.parent)
    }

    /// All in one write: single ones that threads may have too (cpu, pids) are let through where memory is refused,
    /// and then no process can be put into the children.
    private static func enable(_ controllers: Set<CgroupHierarchy.Controller>, in folder: String) -> Bool {
        guard access(folder, W_OK) == 0 else { return false }
        let names = controllers.map(\.rawValue).sorted()
        let file = folder + "/cgroup.subtree_control"
        let enabled = text(file).split(whereSeparator: \.isWhitespace).map(String.init)
        if Set(names).isSubset(of: enabled) { return true }
        return write(names.map { "+" + $0 }.joined(separator: " "), to: file)
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
