// SPDX-License-Identifier: Apache-2.0
// The users of each tree. Pure; RootfsStore asks it before it takes or removes one.

import FunctionModel
import OCI

/// Trees that containers may run from, and those that only build steps use.
struct TreeUses {
    /// When callers got the path of a tree.
    ///
    /// Bounded by the number of trees.
    private var lastUse: [Digest: ContinuousClock.Instant] = [:]
    /// Trees that others than steps of builds have asked for since the start.
    ///
    /// Bounded by the number of trees.
    private var asked: Set<Digest> = []
    /// Trees that steps of builds alone have asked for, with how many use each now.
    private var steps: [Digest: Int] = [:]

    /// Containers may run from the tree from now on.
    mutating func ask(for tree: Digest) {
        lastUse[tree] = .now
        asked.insert(tree)
        steps[tree] = nil
    }

    /// A step of a build begins to use the tree.
    ///
    /// - Parameters:
    ///   - tree: its chain id.
    ///   - isThere: whether it is unpacked already.
    /// - Returns: whether ``endStep(_:)`` is to be called; false for a tree that others may run from.
    mutating func beginStep(_ tree: Digest, isThere: Bool) -> Bool {
        lastUse[tree] = .now
        if let users = steps[tree] {
            steps[tree] = users + 1
            return true
        }
        if isThere || asked.contains(tree) { return false }
        steps[tree] = 1
        return true
    }

    /// A step of a build has ended.
    mutating func endStep(_ tree: Digest) {
        if let users = steps[tree] { steps[tree] = max(0, users - 1) }
    }

    /// Takes a tree that steps alone have used and none uses now.
    ///
    /// - Returns: false when it has to stay.
    mutating func take(_ tree: Digest) -> Bool {
        guard steps[tree] == 0 else { return false }
        forget(tree)
        return true
    }

    /// Whether it was asked for within `grace`.
    mutating func isFresh(_ tree: Digest, _ grace: Duration) -> Bool {
        lastUse = lastUse.filter { ContinuousClock.now - $0.value < grace }
        return lastUse[tree] != nil
    }

    mutating func forget(_ tree: Digest) {
        lastUse[tree] = nil
        asked.remove(tree)
        steps[tree] = nil
    }
}
