// SPDX-License-Identifier: Apache-2.0
// The users of each tree. Pure; RootfsStore asks it before it reuses or removes one.

import FunctionModel
import OCI

/// Trees that containers may run from, and those that only build steps use.
struct TreeUses {
    /// The time when a caller last got the path of a tree.
    ///
    /// Bounded by the number of trees.
    private var lastUse: [Digest: ContinuousClock.Instant] = [:]
    /// Trees that callers other than build steps have asked for since the start.
    ///
    /// Bounded by the number of trees.
    private var asked: Set<Digest> = []
    /// Trees that only build steps have asked for, with the number of present users.
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
    ///   - isThere: whether it is unpacked.
    /// - Returns: whether ``endStep(_:)`` must follow; false for a tree that containers may use.
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

    /// Claims a tree that only build steps have used and none uses now.
    ///
    /// - Returns: false when it must stay.
    mutating func take(_ tree: Digest) -> Bool {
        guard steps[tree] == 0 else { return false }
        forget(tree)
        return true
    }

    /// Whether a caller asked for it within `grace`.
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
