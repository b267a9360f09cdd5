// SPDX-License-Identifier: Apache-2.0
// A writable layer on the disk: the two folders that an overlay needs. Build steps and containers that stay use it.

import CSandbox
import Glibc

/// The upper folder of an overlay and its work folder.
package struct LayerFolder: Hashable, Sendable {
    /// What the container changed.
    package var changes: String
    /// The overlay's own.
    package var scratch: String

    package init(changes: String, scratch: String) {
        self.changes = changes
        self.scratch = scratch
    }

    /// `changes` and `scratch` in one folder, as ``SandboxPlan/writableLayer`` wants them.
    package init(in folder: String) {
        self.init(changes: folder + "/changes", scratch: folder + "/scratch")
    }

    /// Makes both, empty.
    ///
    /// - Throws: ``ImageError``.
    package func make() async throws(ImageError) {
        try await BlockingWork.run { () throws(ImageError) in
            try Directories.make(changes)
            try Directories.make(scratch)
        }
    }

    /// Gives the upper folder the mode and the owners of the image's `/`: they become those of the container's.
    ///
    /// - Parameters:
    ///   - rootfs: the image's unpacked tree.
    ///   - trees: changes owners, which this process may not.
    /// - Throws: ``ImageError``.
    package func prepare(above rootfs: String, _ trees: TreeAccess) async throws(ImageError) {
        try await BlockingWork.run { () throws(ImageError) in
            var status = stat()
            try SystemCall.check("stat", rootfs) { stat(rootfs, &status) }
            try SystemCall.check("chmod", changes) { chmod(changes, status.st_mode & 0o7777) }
            guard trees.keepsOwners else { return }
            let folder = "/" + TreePath.parent(TreePath.clean(changes))
            let session = try trees.session(on: folder, isWritable: true)
            let shift = trees.idShift ?? 0
            let (uid, gid) = (status.st_uid - shift, status.st_gid - shift)
            try session.perform(.own(TreePath.name(changes), uid: uid, gid: gid))
            try session.perform(.own(TreePath.name(scratch), uid: 0, gid: 0))
        }
    }
}
