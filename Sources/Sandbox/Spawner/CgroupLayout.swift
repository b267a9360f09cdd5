// SPDX-License-Identifier: Apache-2.0
// Finds this host's cgroup hierarchies (v1, v2 or both) and where in them Mayfly may make folders. Pure text work.

/// One hierarchy that limits are set in.
struct CgroupHierarchy: Hashable, Sendable {
    enum Controller: String, Hashable, Sendable, CaseIterable { case memory, cpu, pids, freezer }

    /// Whether it is the unified one (v2).
    var isUnified: Bool
    var controllers: Set<Controller>
    /// Where it is mounted.
    var mountPoint: String
    /// The folder below which Mayfly makes its own: absolute.
    var parent: String
}

enum CgroupLayout {
    /// Reads what the kernel says of mounts and of this process's own cgroups.
    ///
    /// - Parameters:
    ///   - mountinfo: text of /proc/self/mountinfo (proc(5)).
    ///   - ownCgroups: text of /proc/self/cgroup (cgroups(7)).
    ///   - unifiedControllers: text of `cgroup.controllers` in the v2 parent folder, by absolute folder.
    /// - Returns: at most one hierarchy per controller.
    static func find(
        mountinfo: String,
        ownCgroups: String,
        unifiedControllers: (String) -> String
    ) -> [CgroupHierarchy] {
        var found: [CgroupHierarchy] = []
        for line in mountinfo.split(separator: "\n") {
            let halves = line.split(separator: " - ", maxSplits: 1)
            guard halves.count == 2 else { continue }
            let fields = halves[0].split(separator: " ")
            let type = halves[1].split(separator: " ")
            guard fields.count >= 5, type.count >= 3 else { continue }
            let mount = Mount(root: String(fields[3]), point: String(fields[4]))
            if type[0] == "cgroup2" {
                let parent = mount.folder(of: ownPath(ownCgroups) { $0.isEmpty })
                let names = unifiedControllers(parent).split(whereSeparator: \.isWhitespace)
                let controllers = Set(names.compactMap { CgroupHierarchy.Controller(rawValue: String($0)) })
                guard !controllers.isEmpty else { continue }
                found.append(
                    CgroupHierarchy(
                        isUnified: true,
                        controllers: controllers,
                        mountPoint: mount.point,
                        parent: parent
                    )
                )
            } else if type[0] == "cgroup" {
                let options = type[2].split(separator: ",")
                let controllers = Set(options.compactMap { CgroupHierarchy.Controller(rawValue: String($0)) })
                guard let first = controllers.first else { continue }
                let parent = mount.folder(of: ownPath(ownCgroups) { $0.contains(Substring(first.rawValue)) })
                found.append(
                    CgroupHierarchy(
                        isUnified: false,
                        controllers: controllers,
                        mountPoint: mount.point,
                        parent: parent
                    )
                )
            }
        }
        return withoutDoubles(found)
    }

    /// The folders between a hierarchy's own and its mount point, nearest first, the mount point last.
    static func foldersAbove(_ hierarchy: CgroupHierarchy) -> [String] {
        guard hierarchy.parent.hasPrefix(hierarchy.mountPoint + "/") else { return [] }
        var folders: [String] = []
        var folder = hierarchy.parent[...]
        while folder.count > hierarchy.mountPoint.count, let slash = folder.lastIndex(of: "/") {
            folder = folder[..<slash]
            folders.append(String(folder))
        }
        return folders
    }

    private struct Mount {
        var root: String
        var point: String

        /// A cgroup path as seen through this mount; the mount's own folder when it lies outside.
        func folder(of path: String?) -> String {
            guard let path, path != "/", !path.hasPrefix("/..") else { return point }
            if root == "/" { return point + path }
            return path.hasPrefix(root) ? point + path.dropFirst(root.count) : point
        }
    }

    private static func ownPath(_ text: String, where matches: ([Substring]) -> Bool) -> String? {
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            if parts.count == 3, matches(parts[1].split(separator: ",")) { return String(parts[2]) }
        }
        return nil
    }

    /// A hierarchy can be mounted several times; the first mount of each controller counts.
    private static func withoutDoubles(_ hierarchies: [CgroupHierarchy]) -> [CgroupHierarchy] {
        var seen: Set<CgroupHierarchy.Controller> = []
        return hierarchies.compactMap { hierarchy in
            var kept = hierarchy
            kept.controllers.subtract(seen)
            seen.formUnion(kept.controllers)
            return kept.controllers.isEmpty ? nil : kept
        }
    }
}
