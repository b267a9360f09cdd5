// SPDX-License-Identifier: Apache-2.0
// The JSON forms of images. ImagesAPI and ImageCareAPI make them.

import FoundationEssentials
import ImageBuilder
import ImageStore
import OCI

/// Images as programs read them.
enum ImageBody {
    /// One image of an archive.
    struct Loaded: Encodable {
        var reference: String?
        var digest: String

        init(_ image: LoadedImage) {
            reference = image.reference
            digest = image.digest.description
        }
    }

    /// One line of the list.
    struct Listed: Encodable {
        /// Nil for an image without a name.
        var reference: String?
        var name: String
        var digest: String
        var id: String
        var platform: String
        var sizeBytes: Int
        var sharedBytes: Int
        var ownBytes: Int
        var createdAt: Date

        enum CodingKeys: String, CodingKey {
            case reference, name, digest, id, platform
            case sizeBytes = "size_bytes"
            case sharedBytes = "shared_bytes"
            case ownBytes = "own_bytes"
            case createdAt = "created_at"
        }

        init(_ summary: ImageSummary) {
            reference = summary.reference
            name = summary.familiarName
            digest = summary.digest.description
            id = summary.imageID.description
            platform = summary.platform.description
            sizeBytes = summary.sizeBytes
            sharedBytes = summary.sharedBytes
            ownBytes = summary.ownBytes
            createdAt = summary.createdAt
        }
    }

    /// One image with its configuration.
    struct Inspected: Encodable {
        var name: String
        var digest: String
        var id: String
        var platform: String
        var sizeBytes: Int
        var sharedBytes: Int
        var ownBytes: Int
        /// Every name that it has.
        var names: [String]
        /// Kept revisions that need it.
        var usedBy: [String]
        var configuration: ImageConfiguration
        var layers: [Descriptor]

        enum CodingKeys: String, CodingKey {
            case name, names, digest, id, platform
            case sizeBytes = "size_bytes"
            case sharedBytes = "shared_bytes"
            case ownBytes = "own_bytes"
            case usedBy = "used_by"
            case configuration, layers
        }

        init(
            _ image: Image,
            name: String,
            names: [String],
            sizes: (shared: Int, own: Int),
            usedBy: [String]
        ) {
            self.name = name
            self.names = names
            self.usedBy = usedBy
            sharedBytes = sizes.shared
            ownBytes = sizes.own
            digest = image.digest.description
            id = image.configurationDigest.description
            platform = image.platform.description
            sizeBytes = image.sizeBytes
            configuration = image.configuration
            layers = image.layers
        }
    }

    /// One step of an image's history.
    struct Step: Encodable {
        var created: String?
        var createdBy: String?
        var comment: String?
        var emptyLayer: Bool
        var digest: String?
        var sizeBytes: Int

        enum CodingKeys: String, CodingKey {
            case created, comment, digest
            case createdBy = "created_by"
            case emptyLayer = "empty_layer"
            case sizeBytes = "size_bytes"
        }

        init(_ step: ImageHistoryStep) {
            created = step.entry.created
            createdBy = step.entry.createdBy
            comment = step.entry.comment
            emptyLayer = step.layer == nil
            digest = step.layer?.digest.description
            sizeBytes = step.layer?.size ?? 0
        }
    }

    /// What a pruning gave back.
    struct Pruned: Encodable {
        var removedBlobs: Int
        var removedTrees: Int
        var freedBytes: Int

        enum CodingKeys: String, CodingKey {
            case removedBlobs = "removed_blobs"
            case removedTrees = "removed_trees"
            case freedBytes = "freed_bytes"
        }

        init(_ report: PruneReport) {
            removedBlobs = report.removedBlobs
            removedTrees = report.removedTrees
            freedBytes = report.freedBytes
        }
    }

    /// Something that is wrong in the store.
    struct Finding: Encodable {
        var subject: String
        var problem: String
        /// Whether nothing is wrong with it any more.
        var repaired: Bool

        init(_ finding: VerifyFinding) {
            subject = finding.subject
            problem = finding.problem
            repaired = finding.isRepaired
        }
    }
}
