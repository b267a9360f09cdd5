// SPDX-License-Identifier: Apache-2.0
// The writable layer of a container that stays: what it changes, and a layer of an image made of it. Scheduler uses it;
// every call blocks on the disk.

import FunctionModel
import Glibc
package import ImageStore
package import OCI

/// One container's layer above the tree of its image.
package struct ContainerLayer: Sendable {
    private let rootfs: String
    private let changes: String
    private let mounts: [String]
    private let trees: TreeAccess

    /// - Parameters:
    ///   - rootfs: the image's unpacked tree.
    ///   - changes: the upper folder of the overlay.
    ///   - mounts: mount points that the container's slot makes in it: they are no change.
    ///   - trees: reads both.
    package init(rootfs: String, changes: String, mounts: [String], trees: TreeAccess) {
        self.rootfs = rootfs
        self.changes = changes
        self.mounts = mounts.map { TreePath.clean($0) }
        self.trees = trees
    }

    /// What it changes, by path.
    ///
    /// - Parameter stop: ends it.
    /// - Returns: the differences.
    /// - Throws: ``StepFailure``.
    package func differences(_ stop: StopFlag) throws(StepFailure) -> [LayerDifference] {
        let lower = try trees.tree(at: rootfs)
        let items = try UpperReader(tree: try trees.tree(at: changes), isLive: true) { stop.isRaised }.items()
        let stubs = try UpperLayer.stubs(items, mounts: mounts) { path throws(StepFailure) in
            try lower.node(path) != nil
        }
        return try LayerComparison.differences(
            items.filter { !stubs.contains($0.path) },
            lower: LowerTree(
                node: { path throws(StepFailure) in try lower.node(path) },
                names: { path throws(StepFailure) in try lower.names(path) }
            )
        )
    }

    /// Stores it as a layer: equal changes give an equal digest.
    ///
    /// - Parameters:
    ///   - blobs: where it is stored; the caller holds a lease.
    ///   - stop: ends it.
    /// - Returns: nil where nothing has changed.
    /// - Throws: ``StepFailure``, also for a file that changes while it is read.
    package func write(to blobs: BlobStore, _ stop: StopFlag) throws(StepFailure) -> Descriptor? {
        let lower = try trees.tree(at: rootfs)
        let reader = UpperReader(tree: try trees.tree(at: changes), isLive: true) { stop.isRaised }
        let items = try reader.items()
        // Also of files that take no space on the disk, and would in the archive.
        let limit = UnpackLimits().bytesPerLayer
        let bytes = items.reduce(0) { $0 + min($1.node.sizeBytes, limit + 1) }
        guard bytes <= limit else { throw .limit(what: "bytes of the changed files", limit: limit) }
        let entries = try UpperLayer.entries(
            items,
            firstHostID: trees.keepsOwners ? 0 : geteuid(),
            mounts: mounts,
            dates: .fixed
        ) { path throws(StepFailure) in try lower.node(path) != nil }
        return entries.isEmpty ? nil : try LayerWriter(blobs: blobs) { stop.isRaised }.write(entries)
    }
}
