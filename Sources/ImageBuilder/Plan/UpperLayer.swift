// SPDX-License-Identifier: Apache-2.0
// Makes a layer's entries of an overlay's upper folder, the changes of a RUN. Pure except for the lookup in the
// tree before the step.

import ImageStore

/// One name in the upper folder of an overlay.
struct UpperItem: Sendable {
    var path: String
    var node: TreeNode
    var attributes: [ExtendedAttribute] = []
    /// Whether the folder hides its earlier content.
    var isOpaque = false
    var content = LayerContent.none
}

/// The changes of a step as a layer.
enum UpperLayer {
    /// Turns an upper folder's names into the entries of a layer (image-spec, layer.md, "Representing Changes").
    ///
    /// - Parameters:
    ///   - items: every name, folders before their content.
    ///   - firstHostID: the host's id for owner 0 of the image.
    ///   - mounts: targets of the step's mounts, relative to the root; mount points that the runner made are no change.
    ///   - dates: the dates of the entries.
    ///   - existedBefore: whether a path was in the tree before the step.
    /// - Returns: sorted entries; whiteouts come before their siblings.
    /// - Throws: ``StepFailure`` for a file that no layer can hold.
    static func entries(
        _ items: [UpperItem],
        firstHostID: UInt32,
        mounts: [String],
        dates: BuildDates,
        existedBefore: (String) throws(StepFailure) -> Bool
    ) throws(StepFailure) -> [LayerEntry] {
        let stubs = try stubs(items, mounts: mounts, existedBefore)
        var firstNames: [FileIdentity: String] = [:]
        var whiteouts: [LayerEntry] = []
        var entries: [LayerEntry] = []
        for item in items.sorted(by: { TreePath.precedes($0.path, $1.path) }) where !item.path.isEmpty {
            if stubs.contains(item.path) || mounts.contains(where: { item.path.hasPrefix($0 + "/") }) {
                continue
            }
            if item.node.kind == .whiteout {
                let name = TreePath.join(TreePath.parent(item.path), ".wh." + TreePath.name(item.path))
                whiteouts.append(marker(name, dates))
                continue
            }
            guard !TreePath.name(item.path).hasPrefix(".wh.") else {
                throw .unsupportedFile(
                    path: item.path,
                    reason: "names that begin with '.wh.' mean removal in a layer"
                )
            }
            guard var entry = entry(item, &firstNames) else { continue }
            entry.uid = owner(item.node.uid, firstHostID)
            entry.gid = owner(item.node.gid, firstHostID)
            entry.modifiedSeconds = dates.date(item.node.modifiedSeconds)
            entries.append(entry)
            if item.isOpaque { whiteouts.append(marker(item.path + "/.wh..wh..opq", dates)) }
        }
        return merge(entries, whiteouts)
    }

    /// The mount points that the runner made: the targets, and folders that lead to them only.
    static func stubs(
        _ items: [UpperItem],
        mounts: [String],
        _ existedBefore: (String) throws(StepFailure) -> Bool
    ) throws(StepFailure) -> Set<String> {
        var stubs: Set<String> = []
        for mount in mounts where try !existedBefore(mount) {
            stubs.insert(mount)
            for folder in TreePath.ancestors(mount).reversed() {
                let hasOther = items.contains { item in
                    TreePath.parent(item.path) == folder && !stubs.contains(item.path)
                }
                if hasOther { break }
                if try existedBefore(folder) { break }
                stubs.insert(folder)
            }
        }
        return stubs
    }

    private static func entry(_ item: UpperItem, _ firstNames: inout [FileIdentity: String]) -> LayerEntry? {
        var entry: LayerEntry
        switch item.node.kind {
        case .directory: entry = LayerEntry(path: item.path, kind: .directory, mode: item.node.mode)
        case .symbolicLink(let target):
            entry = LayerEntry(path: item.path, kind: .symbolicLink(target: target), mode: 0o777)
        case .fifo: entry = LayerEntry(path: item.path, kind: .fifo, mode: item.node.mode)
        // Sockets end with their process; the sandbox provides devices, not the image.
        case .socket, .device, .whiteout: return nil
        case .file:
            if let identity = item.node.identity, let first = firstNames[identity] {
                return LayerEntry(path: item.path, kind: .hardLink(target: first), mode: item.node.mode)
            }
            if let identity = item.node.identity { firstNames[identity] = item.path }
            entry = LayerEntry(
                path: item.path,
                kind: .file(sizeBytes: item.node.sizeBytes),
                mode: item.node.mode
            )
            entry.content = item.content
        }
        entry.attributes = item.attributes
        return entry
    }

    /// A whiteout: an empty file that removes a file of the layers below.
    private static func marker(_ path: String, _ dates: BuildDates) -> LayerEntry {
        var entry = LayerEntry(path: path, kind: .file(sizeBytes: 0), mode: 0o644)
        entry.modifiedSeconds = dates.made
        return entry
    }

    /// Ids outside the container's range stay unchanged; no user of the container owns them.
    private static func owner(_ id: UInt32, _ firstHostID: UInt32) -> UInt32 {
        id >= firstHostID ? id - firstHostID : id
    }

    /// Places each marker directly behind its folder, before the folder's other entries.
    private static func merge(_ entries: [LayerEntry], _ whiteouts: [LayerEntry]) -> [LayerEntry] {
        let byFolder = Dictionary(grouping: whiteouts) { TreePath.parent($0.path) }
        var result = byFolder[""] ?? []
        for entry in entries {
            result.append(entry)
            if entry.kind == .directory { result += byFolder[entry.path] ?? [] }
        }
        return result
    }
}
