// SPDX-License-Identifier: Apache-2.0
// Finds and checks the image of a digest. Loading, resolving, registering and garbage collection use it.

package import FunctionModel
import OCI

extension ImageStore {
    /// An index or manifest of the store.
    ///
    /// Blocks.
    func document(_ digest: Digest, mediaType: String? = nil) throws(ImageError) -> ImageDocument {
        let name = "manifest \(digest)"
        let bytes = try blobs.read(digest, limit: Documents.maximumManifestBytes, for: name)
        return try ImageError.reading { () throws(OCIError) in
            try Documents.manifestOrIndex(bytes, name: name, mediaType: mediaType)
        }
    }

    /// The image of a manifest or index for this host, with all its content in the store.
    ///
    /// Blocks.
    ///
    /// - Parameters:
    ///   - digest: of a manifest or index.
    ///   - name: the user's name for it, for errors.
    ///   - anyPlatform: true accepts an image that cannot run on this host when there is no other.
    /// - Returns: the image, checked.
    /// - Throws: ``ImageError``.
    package func image(_ digest: Digest, called name: String, anyPlatform: Bool = false) throws(ImageError)
        -> Image
    {
        let image = try select(digest, called: name, depth: 0)
        guard anyPlatform || image.platform.fitness(on: host) != nil else {
            throw .wrongPlatform(
                reference: name,
                image: image.platform.description,
                host: host.description
            )
        }
        return image
    }

    private func select(_ digest: Digest, called name: String, depth: Int) throws(ImageError) -> Image {
        try UnpackLimits.check(depth, Documents.maximumIndexDepth, "depth of indexes of '\(name)'")
        switch try document(digest) {
        case .manifest(let manifest): return try image(of: manifest, digest: digest, called: name)
        case .index(let index):
            var foreign: Image?
            for candidate in index.candidates(for: host) {
                let image = try select(candidate.digest, called: name, depth: depth + 1)
                if image.platform.fitness(on: host) != nil { return image }
                foreign = foreign ?? image
            }
            if let foreign { return foreign }
            let platforms = index.manifests.compactMap(\.platform?.description)
            throw .wrongPlatform(
                reference: name,
                image: platforms.isEmpty ? "no platform" : platforms.joined(separator: ", "),
                host: host.description
            )
        }
    }

    private func image(of manifest: Manifest, digest: Digest, called name: String) throws(ImageError) -> Image
    {
        let owner = "image '\(name)'"
        guard MediaType.isConfiguration(manifest.config.mediaType) else {
            throw .unknownMediaType(manifest.config.mediaType, in: "\(owner), configuration")
        }
        for layer in manifest.layers where !MediaType.isLayer(layer.mediaType) {
            throw .unknownMediaType(layer.mediaType, in: "\(owner), layer \(layer.digest)")
        }
        try UnpackLimits.check(manifest.layers.count, UnpackLimits().layers, "number of layers of \(owner)")
        try check(manifest.config, of: owner)
        for layer in manifest.layers { try check(layer, of: owner) }
        let limit = Documents.maximumConfigurationBytes
        let bytes = try blobs.read(manifest.config.digest, limit: limit, for: owner)
        let configuration = try ImageError.reading { () throws(OCIError) in
            try Documents.configuration(bytes, name: "configuration of \(owner)")
        }
        let diffIDs = configuration.rootfs.diffIDs
        guard diffIDs.count == manifest.layers.count else {
            throw .malformedDocument(
                what: owner,
                reason: "\(manifest.layers.count) layers but \(diffIDs.count) diff ids"
            )
        }
        return Image(
            digest: digest,
            configurationDigest: manifest.config.digest,
            configuration: configuration,
            layers: manifest.layers,
            sizeBytes: manifest.layers.reduce(manifest.config.size) { $0 + $1.size }
        )
    }

    /// Checks that the blob is stored and has the descriptor's size.
    private func check(_ descriptor: Descriptor, of owner: String) throws(ImageError) {
        guard let size = blobs.size(of: descriptor.digest) else {
            throw .missingBlob(descriptor.digest, neededBy: owner)
        }
        guard size == descriptor.size else {
            throw .sizeMismatch(
                what: "\(descriptor.digest) of \(owner)",
                expected: descriptor.size,
                actual: size
            )
        }
    }
}
