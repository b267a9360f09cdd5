// SPDX-License-Identifier: Apache-2.0
// The JSON forms of images: lists, inspection, history. Gateway fills them in; faasctl's image commands read them.

package import FoundationEssentials
package import FunctionModel
package import OCI

/// Images as programs read them.
package enum ImageBody {
    /// A name and the digest that it has now: after a pull, a push, a build, or an index's creation.
    package struct Named: Codable, Hashable, Sendable {
        package var reference: String
        package var digest: Digest

        package init(reference: String, digest: Digest) {
            self.reference = reference
            self.digest = digest
        }
    }

    /// One image of an archive.
    package struct Loaded: Codable, Hashable, Sendable {
        package var reference: String?
        package var digest: Digest

        package init(reference: String?, digest: Digest) {
            self.reference = reference
            self.digest = digest
        }
    }

    /// What an import made.
    package struct Imported: Codable, Hashable, Sendable {
        package var reference: String
        package var digest: Digest
        /// Devices and sockets that were left out.
        package var skippedEntries: Int

        package enum CodingKeys: String, CodingKey {
            case reference, digest
            case skippedEntries = "skipped_entries"
        }

        package init(reference: String, digest: Digest, skippedEntries: Int) {
            self.reference = reference
            self.digest = digest
            self.skippedEntries = skippedEntries
        }
    }

    /// Bytes of an image: all, those that other images share, and those that are its own.
    package struct Sizes: Hashable, Sendable {
        package var all: Int
        package var shared: Int
        package var own: Int

        package init(all: Int, shared: Int, own: Int) {
            self.all = all
            self.shared = shared
            self.own = own
        }
    }

    /// One element of GET /v1/images.
    package struct Listed: Codable, Hashable, Sendable {
        /// Nil for an image without a name.
        package var reference: String?
        package var name: String
        package var digest: Digest
        package var id: Digest
        package var platform: String
        package var sizeBytes: Int
        package var sharedBytes: Int
        package var ownBytes: Int
        package var createdAt: Date

        package enum CodingKeys: String, CodingKey {
            case reference, name, digest, id, platform
            case sizeBytes = "size_bytes"
            case sharedBytes = "shared_bytes"
            case ownBytes = "own_bytes"
            case createdAt = "created_at"
        }

        package init(
            reference: String?,
            name: String,
            digest: Digest,
            id: Digest,
            platform: String,
            sizes: Sizes,
            createdAt: Date
        ) {
            self.reference = reference
            self.name = name
            self.digest = digest
            self.id = id
            self.platform = platform
            sizeBytes = sizes.all
            sharedBytes = sizes.shared
            ownBytes = sizes.own
            self.createdAt = createdAt
        }
    }

    /// One image with its configuration.
    package struct Inspected: Codable, Hashable, Sendable {
        package var name: String
        package var digest: Digest
        package var id: Digest
        package var platform: String
        package var sizeBytes: Int
        package var sharedBytes: Int
        package var ownBytes: Int
        /// Every name that it has.
        package var names: [String]
        /// Kept revisions that need it.
        package var usedBy: [String]
        package var configuration: ImageConfiguration
        package var layers: [Descriptor]

        package enum CodingKeys: String, CodingKey {
            case name, names, digest, id, platform
            case sizeBytes = "size_bytes"
            case sharedBytes = "shared_bytes"
            case ownBytes = "own_bytes"
            case usedBy = "used_by"
            case configuration, layers
        }

        package init(
            name: String,
            digest: Digest,
            id: Digest,
            platform: String,
            sizes: Sizes,
            names: [String],
            usedBy: [String],
            configuration: ImageConfiguration,
            layers: [Descriptor]
        ) {
            self.name = name
            self.digest = digest
            self.id = id
            self.platform = platform
            sizeBytes = sizes.all
            sharedBytes = sizes.shared
            ownBytes = sizes.own
            self.names = names
            self.usedBy = usedBy
            self.configuration = configuration
            self.layers = layers
        }
    }
}
