// SPDX-License-Identifier: Apache-2.0
// Finds the images of a `docker save` archive by its manifest.json, of any version of Docker.

import FunctionModel
import OCI

struct DockerArchiveReader {
    let source: any ContentSource
    let blobs: BlobStore
    let limits: UnpackLimits

    /// One element of manifest.json.
    struct Item: Codable {
        var config: String
        var repositoryTags: [String]?
        var layers: [String]?

        enum CodingKeys: String, CodingKey {
            case config = "Config"
            case repositoryTags = "RepoTags"
            case layers = "Layers"
        }
    }

    /// Most images of one file: more would fill the table of names.
    static let maximumImages = 10_000

    /// Finds every image, and makes a manifest for each image without one.
    ///
    /// - Parameter known: images of the same archive that were read as an OCI layout: they keep their manifests.
    /// - Returns: nil when the source has no manifest.json.
    /// - Throws: ``ImageError`` for content that is missing, malformed or has another digest.
    func images(known: [FoundImage]) throws(ImageError) -> [FoundImage]? {
        guard let bytes = try source.bytes("manifest.json", limit: Documents.maximumManifestBytes) else {
            return nil
        }
        let items = try ImageError.reading { () throws(OCIError) in
            try Documents.decode([Item].self, bytes, name: "manifest.json of \(source.name)")
        }
        try UnpackLimits.check(items.count, Self.maximumImages, "number of images in \(source.name)")
        var images: [FoundImage] = []
        for item in items {
            let found = try image(item, known: known)
            let tags = item.repositoryTags ?? []
            if tags.isEmpty { images.append(found) }
            for tag in tags {
                var named = found
                named.reference = try ImageError.reading { () throws(OCIError) in try ImageReference(tag) }
                    .description
                images.append(named)
            }
        }
        return images
    }

    private func image(_ item: Item, known: [FoundImage]) throws(ImageError) -> FoundImage {
        guard let content = try source.store(item.config, expected: Self.digest(inConfigPath: item.config))
        else {
            throw .malformedArchive(
                file: source.name,
                reason: "the configuration '\(item.config)' is missing"
            )
        }
        if let image = known.first(where: { $0.configuration == content.digest }) {
            return FoundImage(reference: nil, digest: image.digest, configuration: content.digest)
        }
        let name = "configuration '\(item.config)' of \(source.name)"
        let bytes = try blobs.read(content.digest, limit: Documents.maximumConfigurationBytes, for: name)
        let configuration = try ImageError.reading { () throws(OCIError) in
            try Documents.configuration(bytes, name: name)
        }
        let layers = item.layers ?? []
        let diffIDs = configuration.rootfs.diffIDs
        guard layers.count == diffIDs.count else {
            throw .malformedDocument(
                what: name,
                reason: "\(layers.count) layers but \(diffIDs.count) diff ids"
            )
        }
        var descriptors: [Descriptor] = []
        for (path, diffID) in zip(layers, diffIDs) { descriptors.append(try layer(path, diffID)) }
        let manifest = Manifest(
            config: Descriptor(
                mediaType: MediaType.configuration,
                digest: content.digest,
                size: content.size
            ),
            layers: descriptors
        )
        let digest = try blobs.put(
            try ImageError.reading { () throws(OCIError) in
                try Documents.encode(manifest, name: "manifest of \(source.name)")
            }
        )
        return FoundImage(reference: nil, digest: digest, configuration: content.digest)
    }

    /// A layer is named `.tar` with any compression: its first bytes tell which.
    private func layer(_ path: String, _ diffID: Digest) throws(ImageError) -> Descriptor {
        guard let content = try source.store(path, expected: nil) else {
            throw .malformedArchive(file: source.name, reason: "the layer '\(path)' is missing")
        }
        let what = "layer '\(path)' of \(source.name)"
        let file = try blobs.open(content.digest, for: what)
        let compression = Self.compression(try file.read(upTo: 4, of: what))
        if content.digest != diffID {
            // The digest must be that of the plain tar, unless the layer is compressed.
            try file.rewind(what)
            let stream = try PlainStream(descriptor: file.descriptor, name: what, limits: limits)
            let actual = try stream.finish()
            guard actual == diffID else {
                throw .digestMismatch(what: what, expected: diffID, actual: actual)
            }
        }
        return Descriptor(mediaType: compression, digest: content.digest, size: content.size)
    }

    private static func compression(_ magic: [UInt8]) -> String {
        switch magic {
        case _ where magic.starts(with: [0x1f, 0x8b]): MediaType.layerGzip
        case _ where magic.starts(with: [0x28, 0xb5, 0x2f, 0xfd]): MediaType.layerZstd
        default: MediaType.layer
        }
    }

    /// The names `<hex>.json` and `blobs/sha256/<hex>` state the digest of their content.
    private static func digest(inConfigPath path: String) -> Digest? {
        if path.hasSuffix(".json") { return Digest(hex: String(path.dropLast(5))) }
        return TarSource.blobDigest(path)
    }
}
