// SPDX-License-Identifier: Apache-2.0
// Compares unpacked trees with their layers. ImageStore.verify uses it.

import OCI
import CSandbox
import FunctionModel
import Glibc

extension RootfsStore {
    /// Compares a tree with a new one of the same layers, and replaces it when it differs.
    ///
    /// Blocks for as long as unpacking the whole image takes, and needs its disk space a second time.
    /// The trees are exchanged atomically. Running containers keep the tree that they began with, so a replaced
    /// one stays until the next start.
    ///
    /// - Parameter image: has all its layers in the store.
    /// - Returns: the differences; empty when there are none, or no tree exists.
    /// - Throws: ``ImageError`` when the tree cannot be unpacked again or compared; it stays unchanged then.
    func mend(_ image: Image) throws(ImageError) -> [String] {
        let chainID = image.chainID
        guard isUnpacked(chainID) else { return [] }
        let fresh = temporaryPath()
        do throws(ImageError) {
            try Directories.make(fresh, mode: 0o700)
            let job = RootfsUnpacking(image: image, blobs: blobs, trees: trees)
            _ = try job.run(into: fresh, upon: .nothing, layers: 0)
            let session = try trees.session(on: directory, isWritable: false)
            let order = TreeOrder.compare(chainID.hex, with: TreePath.name(fresh))
            guard case .differences(let found) = try session.ask(order, layers: []).answer else {
                throw .worker(reason: "an answer that is not a list of differences")
            }
            if found.isEmpty {
                try trees.remove(fresh)
            } else {
                try exchange(chainID, with: fresh)
            }
            return found
        } catch {
            try trees.remove(fresh)
            throw error
        }
    }

    private func exchange(_ chainID: Digest, with fresh: String) throws(ImageError) {
        let target = path(of: chainID)
        try durability.disappears(chainID)
        let result = csandbox_exchange(fresh, target)
        guard result == 0 else { throw SystemCall.failure("renameat2", target, errorNumber: -result) }
        forgetSize(of: chainID)
        durability.appeared(chainID)
    }
}
