// SPDX-License-Identifier: Apache-2.0
// The JSON forms of an image's history, and of pruning and verifying the image store.

package import FunctionModel
import OCI

extension ImageBody {
    /// One step of an image's history.
    package struct Step: Codable, Hashable, Sendable {
        package var created: String?
        package var createdBy: String?
        package var comment: String?
        package var emptyLayer: Bool
        package var digest: Digest?
        package var sizeBytes: Int

        package enum CodingKeys: String, CodingKey {
            case created, comment, digest
            case createdBy = "created_by"
            case emptyLayer = "empty_layer"
            case sizeBytes = "size_bytes"
        }

        package init(
            created: String?,
            createdBy: String?,
            comment: String?,
            layer: (digest: Digest, sizeBytes: Int)?
        ) {
            self.created = created
            self.createdBy = createdBy
            self.comment = comment
            emptyLayer = layer == nil
            digest = layer?.digest
            sizeBytes = layer?.sizeBytes ?? 0
        }
    }

    /// What a pruning gave back.
    package struct Pruned: Codable, Hashable, Sendable {
        package var removedBlobs: Int
        package var removedTrees: Int
        package var freedBytes: Int

        package enum CodingKeys: String, CodingKey {
            case removedBlobs = "removed_blobs"
            case removedTrees = "removed_trees"
            case freedBytes = "freed_bytes"
        }

        package init(removedBlobs: Int, removedTrees: Int, freedBytes: Int) {
            self.removedBlobs = removedBlobs
            self.removedTrees = removedTrees
            self.freedBytes = freedBytes
        }
    }

    /// A fault of the image store.
    package struct Finding: Codable, Hashable, Sendable {
        package var subject: String
        package var problem: String
        /// Whether the fault is repaired.
        package var repaired: Bool

        package init(subject: String, problem: String, repaired: Bool) {
            self.subject = subject
            self.problem = problem
            self.repaired = repaired
        }
    }
}
