// SPDX-License-Identifier: Apache-2.0
// The two documents that name other documents: an image's manifest, and an index of manifests.

/// One image: a configuration and layers (image-spec, manifest.md; Docker's manifest v2 schema 2 is the same).
package struct Manifest: Hashable, Sendable, Codable {
    package var schemaVersion: Int
    package var mediaType: String?
    package var config: Descriptor
    package var layers: [Descriptor]
    package var artifactType: String?
    package var subject: Descriptor?
    package var annotations: [String: String]?

    package init(
        config: Descriptor,
        layers: [Descriptor],
        mediaType: String = MediaType.manifest,
        annotations: [String: String]? = nil
    ) {
        schemaVersion = 2
        self.mediaType = mediaType
        self.config = config
        self.layers = layers
        self.annotations = annotations
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        schemaVersion = try container.decode(Int.self, forKey: .schemaVersion)
        mediaType = try container.decodeIfPresent(String.self, forKey: .mediaType)
        config = try container.decode(Descriptor.self, forKey: .config)
        // Writers in Go say null for an empty list.
        layers = try container.decodeIfPresent([Descriptor].self, forKey: .layers) ?? []
        artifactType = try container.decodeIfPresent(String.self, forKey: .artifactType)
        subject = try container.decodeIfPresent(Descriptor.self, forKey: .subject)
        annotations = try container.decodeIfPresent([String: String].self, forKey: .annotations)
    }
}

/// Several images, for example one per platform (image-spec, image-index.md; Docker's manifest list).
package struct ImageIndex: Hashable, Sendable, Codable {
    package var schemaVersion: Int
    package var mediaType: String?
    package var manifests: [Descriptor]
    package var artifactType: String?
    package var subject: Descriptor?
    package var annotations: [String: String]?

    package init(manifests: [Descriptor], mediaType: String = MediaType.index) {
        schemaVersion = 2
        self.mediaType = mediaType
        self.manifests = manifests
    }

    /// The manifest or nested index to use on `host`: an exact platform first, then a nested index, then
    /// descriptors that name no platform.
    ///
    /// Attestations and unknown media types are passed over.
    package func candidates(for host: Platform) -> [Descriptor] {
        let usable = manifests.filter { entry in
            (MediaType.isManifest(entry.mediaType) || MediaType.isIndex(entry.mediaType))
                && entry.annotations?[Annotation.dockerReferenceType] == nil
                && entry.platform?.os != "unknown" && entry.platform?.architecture != "unknown"
        }
        var ordered: [Descriptor] = []
        if let best = Platform.best(of: usable.map(\.platform), for: host) { ordered.append(usable[best]) }
        ordered += usable.filter { $0.platform == nil && MediaType.isIndex($0.mediaType) }
        ordered += usable.filter { $0.platform == nil && !MediaType.isIndex($0.mediaType) }
        return ordered
    }
}
