// SPDX-License-Identifier: Apache-2.0
// The trees of build steps: each becomes the tree of the next step, so that a build of several steps copies its base
// once. ImageBuilder uses it.

import FunctionModel
import OCI
import Glibc
import Synchronization

/// Keeps the tree of a step.
package final class StepRoot: Sendable {
    package let path: String
    private let tree: Digest
    /// Nil when containers of functions may use the tree, too.
    private let roots: RootfsStore?

    init(path: String, tree: Digest, roots: RootfsStore?) {
        self.path = path
        self.tree = tree
        self.roots = roots
    }

    deinit { roots?.uses.withLock { $0.endStep(tree) } }
}

extension RootfsStore {
    /// The tree of an image for a step of a build only.
    ///
    /// The tree may be removed as soon as the last owner of the answer has released it.
    func step(of image: Image) async throws(ImageError) -> StepRoot {
        let chainID = image.chainID
        let (isThere, isCounted) = uses.withLock { uses in
            let isThere = isUnpacked(chainID)
            return (isThere, uses.beginStep(chainID, isThere: isThere))
        }
        let root = StepRoot(path: path(of: chainID), tree: chainID, roots: isCounted ? self : nil)
        if !isThere { _ = try await unpacked(image, chainID) }
        return root
    }

    /// Renames the tree of a step that has ended; false for other trees.
    func takeStep(_ chainID: Digest, to temporary: String) throws(ImageError) -> Bool {
        let result: Result<Bool, ImageError> = uses.withLock { uses in
            guard uses.take(chainID) else { return .success(false) }
            if rename(path(of: chainID), temporary) == 0 { return .success(true) }
            return errno == ENOENT ? .success(false) : .failure(SystemCall.failure("rename", temporary))
        }
        guard try result.get() else { return false }
        try durability.disappears(chainID)
        forgetSize(of: chainID)
        return true
    }
}
