// SPDX-License-Identifier: Apache-2.0
// Keeps the store within its budget: counts, asks the census, removes. Scheduler's keeper of images uses it.

package import FunctionModel
import OCI
import Glibc
import Logging

/// The content that a budget removed.
package struct EvictionReport: Hashable, Sendable {
    package var images = 0
    package var trees = 0
    package var steps = 0
    /// The size of the store afterwards.
    package var usedBytes = 0
    /// The budget in bytes.
    package var limitBytes = 0

    package var isEmpty: Bool { images + trees + steps == 0 }
}

extension ImageStore {
    /// Rounds of removal: blobs that several images share make the sum of one round an estimate.
    private static let roundsMax = 8

    /// Removes the least needed content until the store fits its budget, or nothing removable is left.
    ///
    /// - Parameters:
    ///   - budget: the bound.
    ///   - cache: of build steps; nil when there is none.
    ///   - inUse: manifests of all deployed revisions, read again in each round.
    /// - Returns: the removed content.
    /// - Throws: ``ImageError`` when the store cannot be read.
    package func fit(
        _ budget: ImageBudget,
        cache: (any StepCache)?,
        inUse: () async throws(ImageError) -> Set<Digest>
    ) async throws(ImageError) -> EvictionReport {
        var report = EvictionReport()
        for _ in 0..<Self.roundsMax {
            let records = try await references.all()
            let deployed = try await inUse()
            let (census, free) = try await BlockingWork.run { () throws(ImageError) in
                (try self.census(records, inUse: deployed, cache), try self.blobs.freeBytes())
            }
            report.usedBytes = census.usedBytes
            report.limitBytes = budget.limitBytes(usedBytes: census.usedBytes, freeBytes: free)
            let evictions = census.evictions(toFit: report.limitBytes)
            if evictions.isEmpty { break }
            let before = report
            for eviction in evictions {
                do throws(ImageError) {
                    try await evict(eviction, cache, deployed, &report)
                } catch {
                    // A failed removal does not prevent the others.
                    note(cannot: "evict", eviction, of: census, records, error)
                }
            }
            if report == before { break }
            var pruning = Pruning(inUse: try await inUse())
            pruning.takesUnnamed = false
            pruning.takesPartials = false
            pruning.kept = try await cache?.cachedLayers() ?? []
            _ = try await prune(pruning)
        }
        return report
    }

    private func evict(
        _ eviction: Eviction,
        _ cache: (any StepCache)?,
        _ inUse: Set<Digest>,
        _ report: inout EvictionReport
    ) async throws(ImageError) {
        switch eviction {
        case .step(let key):
            guard let cache else { return }
            if try await BlockingWork.run({ () throws(ImageError) in cache.forgetStep(key) }) {
                report.steps += 1
            }
        case .tree(let chainID):
            let roots = roots
            if try await BlockingWork.run({ () throws(ImageError) in try roots.removeUnused(chainID) }) {
                report.trees += 1
            }
        case .image(let root):
            let records = try await references.all()
            for record in records where record.digest == root {
                _ = try await references.remove(record.reference)
            }
            let kept = Set(records.map(\.digest)).subtracting([root]).union(inUse)
            try await BlockingWork.run { () throws(ImageError) in
                try self.forgetDocuments(of: [root], keeping: kept)
            }
            if blobs.size(of: root) == nil { report.images += 1 }
        }
    }

    /// Counts all content; blocks.
    private func census(
        _ records: [ReferenceRecord],
        inUse: Set<Digest>,
        _ cache: (any StepCache)?
    ) throws(ImageError) -> StoreCensus {
        var census = StoreCensus()
        for digest in try blobs.all() {
            let bytes = blobs.allocatedBytes(of: digest)
            census.blobBytes[digest] = bytes
            census.usedBytes += bytes
        }
        let named = Set(records.map(\.digest))
        let oldestLease = blobs.oldestLease
        for root in named.union(try unnamedImages(beside: records)).union(inUse) {
            let reachable = try reachable(from: [root])
            let lastUsed = blobs.touched(root) ?? 0
            // Images that a running operation has looked up may become part of a revision.
            let isHeld = oldestLease.map { lastUsed >= $0 } ?? false
            census.images.append(
                .init(
                    root: root,
                    hasName: named.contains(root),
                    blobs: reachable.blobs,
                    trees: reachable.trees,
                    isInUse: isHeld || !reachable.documents.isDisjoint(with: inUse),
                    lastUsed: lastUsed
                )
            )
        }
        try countTrees(into: &census, records)
        census.steps = try cache?.cachedSteps() ?? []
        return census
    }

    /// Measures every tree through a session; a tree that cannot be measured is logged and counts as empty.
    private func countTrees(into census: inout StoreCensus, _ records: [ReferenceRecord]) throws(ImageError) {
        let all = try roots.all()
        if all.isEmpty { return }
        let session = try trees.session(on: roots.directory, isWritable: false)
        for tree in all {
            let lastUsed = census.images.filter { $0.trees.contains(tree) }.map(\.lastUsed).max() ?? 0
            var bytes = 0
            do throws(ImageError) {
                bytes = try roots.bytes(of: tree, session)
            } catch .system(_, _, ENOENT) {
                continue
            } catch {
                note(cannot: "count", .tree(tree), of: census, records, error)
            }
            census.trees.append(.init(chainID: tree, ownBytes: bytes, lastUsed: lastUsed))
            census.usedBytes += bytes
        }
    }

    /// The image of a tree, by all its names or else its digest: a chain id alone tells an operator nothing.
    private func note(
        cannot verb: String,
        _ eviction: Eviction,
        of census: StoreCensus,
        _ records: [ReferenceRecord],
        _ error: ImageError
    ) {
        let roots: Set<Digest> =
            switch eviction {
            case .step: []
            case .image(let root): [root]
            case .tree(let tree): Set(census.images.filter { $0.trees.contains(tree) }.map(\.root))
            }
        let names = records.filter { roots.contains($0.digest) }.map(\.reference)
        let unnamed = roots.subtracting(records.map(\.digest)).map(\.description)
        logger.error(
            "cannot \(verb) an image; the others are evicted nevertheless",
            metadata: [
                "image": "\((names + unnamed).sorted().joined(separator: ", "))", "what": "\(eviction)",
                "reason": "\(error)",
            ]
        )
    }
}
