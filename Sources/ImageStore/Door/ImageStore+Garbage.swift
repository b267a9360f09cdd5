// SPDX-License-Identifier: Apache-2.0
// Removes content that no image needs, and verifies the rest.

package import FunctionModel
import OCI

extension ImageStore {
    /// The content that a pruning removes, besides content of no image.
    package struct Pruning: Hashable, Sendable {
        /// Manifests of all deployed revisions; they are never removed.
        package var inUse: Set<Digest>
        /// Layers of the build cache, which stay although no image has them.
        package var kept: Set<Digest> = []
        /// Removes images without a name.
        package var takesUnnamed = true
        /// Removes images with a name, too, when no deployed revision needs them.
        package var takesUnused = false
        /// Removes parts of interrupted pulls.
        package var takesPartials = true

        package init(inUse: Set<Digest>) { self.inUse = inUse }
    }

    /// Removes every blob and tree that neither a name nor a digest in use needs.
    ///
    /// Safe during loads, pulls and builds: their content stays. A crash leaves complete blobs and trees
    /// only, and the next call continues.
    ///
    /// - Parameter pruning: the content to remove.
    /// - Returns: the freed space.
    /// - Throws: ``ImageError`` when the store cannot be read.
    package func prune(_ pruning: Pruning) async throws(ImageError) -> PruneReport {
        var records = try await references.all()
        if pruning.takesUnused {
            let found = records
            let unused = try await BlockingWork.run { () throws(ImageError) in
                var unused: [ReferenceRecord] = []
                // A function runs one manifest of an index, and the name may be that of the index.
                for record in found
                where try self.reachable(from: [record.digest]).documents.isDisjoint(with: pruning.inUse) {
                    unused.append(record)
                }
                return unused
            }
            for record in unused { _ = try await references.remove(record.reference) }
            records = try await references.all()
        }
        let kept = records
        return try await BlockingWork.run { () throws(ImageError) in
            var roots = pruning.inUse.union(kept.map(\.digest))
            if !pruning.takesUnnamed { roots.formUnion(try self.unnamedImages(beside: kept)) }
            return try self.sweep(keeping: roots, pruning)
        }
    }

    /// Removes everything that is not reachable from the roots.
    ///
    /// Blocks.
    private func sweep(keeping roots: Set<Digest>, _ pruning: Pruning) throws(ImageError) -> PruneReport {
        let needed = try reachable(from: roots.union(try held()))
        var report = PruneReport()
        for digest in try blobs.all() where !needed.blobs.contains(digest) && !pruning.kept.contains(digest) {
            guard let bytes = try blobs.removeUnused(digest) else { continue }
            report.removedBlobs += 1
            report.freedBytes += bytes
        }
        if pruning.takesPartials { report.freedBytes += try blobs.removePartials() }
        var failure: ImageError?
        for tree in try self.roots.all() where !needed.trees.contains(tree) {
            // A failed removal does not prevent the others.
            do throws(ImageError) {
                guard try self.roots.removeUnused(tree) else { continue }
                report.removedTrees += 1
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        return report
    }

    /// Content that operations have looked up or added since the oldest running one began.
    private func held() throws(ImageError) -> [Digest] {
        guard let oldest = blobs.oldestLease else { return [] }
        return try blobs.all().filter { digest in blobs.touched(digest).map { $0 >= oldest } ?? false }
    }

    /// Reads and checks every blob and its references, then every unpacked tree.
    ///
    /// A tree that differs from its layers is replaced by a new one.
    ///
    /// - Parameter inUse: manifests of all deployed revisions, with or without a name.
    /// - Returns: the findings; empty without damage.
    /// - Throws: ``ImageError`` when the store cannot be read.
    package func verify(inUse: Set<Digest> = []) async throws(ImageError) -> [VerifyFinding] {
        let records = try await references.all()
        return try await BlockingWork.cancellable { (stop) throws(ImageError) in
            var findings: [VerifyFinding] = []
            for digest in try self.blobs.all() {
                try stop.check()
                let actual = try self.blobs.hash(digest)
                if actual != digest {
                    findings.append(
                        VerifyFinding(
                            subject: digest.description,
                            problem: "its content has digest \(actual)"
                        )
                    )
                }
            }
            let named = records.map { ($0.digest, $0.reference) }
            var seen: Set<Digest> = []
            for (digest, name) in named + inUse.map({ ($0, $0.description) }) {
                do throws(ImageError) {
                    try stop.check()
                    let image = try self.image(digest, called: name, anyPlatform: true)
                    guard seen.insert(image.chainID).inserted else { continue }
                    let found = try self.roots.mend(image)
                    if !found.isEmpty { findings.append(.replaced(name, found)) }
                } catch .cancelled {
                    throw .cancelled
                } catch {
                    findings.append(VerifyFinding(subject: name, problem: error.description))
                }
            }
            return findings
        }
    }
}

extension VerifyFinding {
    /// A tree that was changed and has been repaired.
    fileprivate static func replaced(_ name: String, _ differences: [String]) -> VerifyFinding {
        let isAll = differences.count < TreeCompare.differencesMax
        return VerifyFinding(
            subject: name,
            problem: "its unpacked tree was changed (\(differences.joined(separator: ", "))"
                + (isAll ? ")" : " and more)")
                + "; it was unpacked anew, containers that run already keep the old one",
            isRepaired: true
        )
    }
}
