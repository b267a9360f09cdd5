// SPDX-License-Identifier: Apache-2.0
// Decides the order in which content is removed when the store exceeds its budget. Pure; the driver counts and removes.

package import FunctionModel
import OCI

/// The removable content of the store, and its references.
package struct StoreCensus: Hashable, Sendable {
    /// A build step's result, which can be made again.
    package struct Step: Hashable, Sendable {
        var key: Digest
        package var layer: Digest?
        /// Nanoseconds of the wall clock, as all times here.
        var lastUsed: Int64

        package init(key: Digest, layer: Digest?, lastUsed: Int64) {
            self.key = key
            self.layer = layer
            self.lastUsed = lastUsed
        }
    }

    /// An unpacked tree, which can be unpacked again.
    struct Tree: Hashable, Sendable {
        var chainID: Digest
        /// The space that its removal frees, without files that other trees share.
        var ownBytes: Int
        var lastUsed: Int64
    }

    struct Stored: Hashable, Sendable {
        /// The manifest or index.
        var root: Digest
        var hasName: Bool
        var blobs: Set<Digest>
        var trees: Set<Digest>
        /// Deployed, kept for a rollback, or in use by a running operation.
        var isInUse: Bool
        var lastUsed: Int64
    }

    var steps: [Step] = []
    var trees: [Tree] = []
    var images: [Stored] = []
    var blobBytes: [Digest: Int] = [:]
    /// Of blobs and trees together.
    var usedBytes = 0
}

/// One removal.
enum Eviction: Hashable, Sendable {
    case step(Digest)
    case tree(Digest)
    /// The image with all its names.
    case image(Digest)
}

extension StoreCensus {
    /// The removals, in order, after which at most `limit` bytes are used.
    ///
    /// Least recently used first, within each of three classes: content that can be made again (build steps
    /// and trees), images without a name, images that no deployed revision needs. Content in use is never removed,
    /// nor a step whose layer an image in use has: that would free no space.
    func evictions(toFit limit: Int) -> [Eviction] {
        var excess = usedBytes - limit
        guard excess > 0 else { return [] }
        var holders = self.holders
        var chosen: [Eviction] = []
        for candidate in candidates where excess > 0 {
            chosen.append(candidate.eviction)
            excess -= candidate.ownBytes
            for blob in candidate.blobs {
                holders[blob, default: 1] -= 1
                if holders[blob] == 0 { excess -= blobBytes[blob] ?? 0 }
            }
        }
        return chosen
    }

    private struct Candidate {
        var eviction: Eviction
        var order: Int
        var lastUsed: Int64
        var ownBytes = 0
        var blobs: Set<Digest> = []
    }

    private var candidates: [Candidate] {
        let inUse = images.filter(\.isInUse)
        let neededBlobs = inUse.reduce(into: Set<Digest>()) { $0.formUnion($1.blobs) }
        let neededTrees = inUse.reduce(into: Set<Digest>()) { $0.formUnion($1.trees) }
        var found: [Candidate] = []
        for step in steps where step.layer.map({ !neededBlobs.contains($0) }) ?? false {
            let blobs = Set([step.layer].compactMap(\.self))
            found.append(.init(eviction: .step(step.key), order: 0, lastUsed: step.lastUsed, blobs: blobs))
        }
        for tree in trees where !neededTrees.contains(tree.chainID) {
            let eviction = Eviction.tree(tree.chainID)
            found.append(
                .init(eviction: eviction, order: 0, lastUsed: tree.lastUsed, ownBytes: tree.ownBytes)
            )
        }
        for image in images where !image.isInUse {
            found.append(
                .init(
                    eviction: .image(image.root),
                    order: image.hasName ? 2 : 1,
                    lastUsed: image.lastUsed,
                    blobs: image.blobs
                )
            )
        }
        return found.sorted { ($0.order, $0.lastUsed) < ($1.order, $1.lastUsed) }
    }

    /// The number of steps and images that refer to each blob.
    private var holders: [Digest: Int] {
        var holders: [Digest: Int] = [:]
        for step in steps { if let layer = step.layer { holders[layer, default: 0] += 1 } }
        for image in images { for blob in image.blobs { holders[blob, default: 0] += 1 } }
        return holders
    }
}
