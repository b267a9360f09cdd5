// SPDX-License-Identifier: Apache-2.0
// The document that says how an image runs (image-spec, config.md, with Docker's extensions).

package import FunctionModel

/// An image's configuration.
///
/// Its digest is the image's id.
package struct ImageConfiguration: Hashable, Sendable, Codable {
    package var created: String?
    package var author: String?
    package var architecture: String
    package var os: String
    package var variant: String?
    package var config: Execution?
    package var rootfs: Layers
    package var history: [HistoryEntry]?

    package init(platform: Platform = .host, config: Execution = Execution()) {
        architecture = platform.architecture
        os = platform.os
        variant = platform.variant
        self.config = config
        rootfs = Layers(diffIDs: [])
    }

    package var platform: Platform { Platform(os: os, architecture: architecture, variant: variant) }

    /// What the layers are, uncompressed and in order.
    package struct Layers: Hashable, Sendable, Codable {
        package var type = "layers"
        /// Digests of the layers as plain tar files.
        package var diffIDs: [Digest]

        package init(diffIDs: [Digest]) { self.diffIDs = diffIDs }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            type = try container.decodeIfPresent(String.self, forKey: .type) ?? "layers"
            // Writers in Go say null for an empty list.
            diffIDs = try container.decodeIfPresent([Digest].self, forKey: .diffIDs) ?? []
        }

        enum CodingKeys: String, CodingKey {
            case type
            case diffIDs = "diff_ids"
        }
    }

    /// One step of the build that made the image.
    package struct HistoryEntry: Hashable, Sendable, Codable {
        package var created: String?
        package var createdBy: String?
        package var author: String?
        package var comment: String?
        /// True when the step made no layer.
        package var emptyLayer: Bool?

        package init(created: String? = nil, createdBy: String? = nil, emptyLayer: Bool? = nil) {
            self.created = created
            self.createdBy = createdBy
            self.emptyLayer = emptyLayer
        }

        enum CodingKeys: String, CodingKey {
            case created, author, comment
            case createdBy = "created_by"
            case emptyLayer = "empty_layer"
        }
    }
}
