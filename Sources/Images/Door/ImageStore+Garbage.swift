// SPDX-License-Identifier: Apache-2.0
// Giving back what no image needs, and checking what is there.

extension ImageStore {
    /// Removes every blob and tree that no name and no digest in use needs.
    ///
    /// Safe beside running loads, pulls and builds: what they brought stays. A crash leaves whole blobs and trees
    /// only, and the next call goes on.
    ///
    /// - Parameter inUse: manifests of everything deployed.
    /// - Returns: what was given back.
    /// - Throws: ``ImageError`` when the store cannot be read.
    package func prune(inUse: Set<Digest>) async throws(ImageError) -> PruneReport {
        let records = try await references.all()
        return try await BlockingWork.run { () throws(ImageError) in
            let needed = try self.reachable(from: inUse.union(records.map(\.digest)))
            var report = PruneReport()
            for digest in try self.blobs.all() where !needed.blobs.contains(digest) {
                guard let bytes = try self.blobs.removeUnused(digest) else { continue }
                report.removedBlobs += 1
                report.freedBytes += bytes
            }
            for tree in try self.roots.all() where !needed.trees.contains(tree) {
                guard try self.roots.removeUnused(tree) else { continue }
                report.removedTrees += 1
            }
            return report
        }
    }

    /// Reads every blob again and checks it and what refers to it.
    ///
    /// - Returns: empty when all is well.
    /// - Throws: ``ImageError`` when the store cannot be read at all.
    package func verify() async throws(ImageError) -> [VerifyFinding] {
        let records = try await references.all()
        return try await BlockingWork.run { () throws(ImageError) in
            var findings: [VerifyFinding] = []
            for digest in try self.blobs.all() {
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
            for record in records {
                do throws(ImageError) {
                    _ = try self.image(record.digest, called: record.reference, anyPlatform: true)
                } catch {
                    findings.append(VerifyFinding(subject: record.reference, problem: error.description))
                }
            }
            return findings
        }
    }
}
