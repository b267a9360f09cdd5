// SPDX-License-Identifier: Apache-2.0
// The JSON forms of images. ImagesAPI and ImageCareAPI make them.

import FoundationEssentials
import Images

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
        var reference: String
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
            reference = summary.record.reference
            name = summary.familiarName
            digest = summary.record.digest.description
            id = summary.imageID.description
            platform = summary.platform.description
            sizeBytes = summary.record.sizeBytes
            sharedBytes = summary.sharedBytes
            ownBytes = summary.ownBytes
            createdAt = summary.record.createdAt
        }
    }

    /// One image with its configuration.
    struct Inspected: Encodable {
        var name: String
        var digest: String
        var id: String
        var platform: String
        var sizeBytes: Int
        var configuration: ImageConfiguration
        var layers: [Descriptor]

        enum CodingKeys: String, CodingKey {
            case name, digest, id, platform
            case sizeBytes = "size_bytes"
            case configuration, layers
        }

        init(_ image: Image, name: String) {
            self.name = name
            digest = image.digest.description
            id = image.configurationDigest.description
            platform = image.platform.description
            sizeBytes = image.sizeBytes
            configuration = image.configuration
            layers = image.layers
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

        init(_ finding: VerifyFinding) {
            subject = finding.subject
            problem = finding.problem
        }
    }
}
