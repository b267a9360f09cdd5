// SPDX-License-Identifier: Apache-2.0
// Making an image of what is in the store already. The builder and the registry client end here.

package import FunctionModel
package import OCI

extension ImageStore {
    /// Writes configuration and manifest of an image whose layers are stored, and names it.
    ///
    /// Hold a ``BlobStore/lease()`` from the first layer until this returns.
    ///
    /// - Parameters:
    ///   - layers: bottom first, each in ``blobs``.
    ///   - configuration: with as many diff ids as there are layers.
    ///   - reference: a name for it; nil leaves it without one, for garbage collection to take.
    /// - Returns: the manifest's digest; the same input gives the same.
    /// - Throws: ``ImageError`` when a layer is missing or does not fit.
    package func commit(
        layers: [Descriptor],
        configuration: ImageConfiguration,
        reference: String?
    ) async throws(ImageError) -> Digest {
        let name = try reference.map { text throws(ImageError) in
            try ImageError.reading { () throws(OCIError) in try ImageReference(text) }.withoutDigest
                .description
        }
        let digest = try await BlockingWork.run { () throws(ImageError) in
            let bytes = try ImageError.reading { () throws(OCIError) in
                try Documents.encode(configuration, name: "configuration")
            }
            let descriptor = Descriptor(
                mediaType: MediaType.configuration,
                digest: try self.blobs.put(bytes),
                size: bytes.count
            )
            let manifest = Manifest(config: descriptor, layers: layers)
            let digest = try self.blobs.put(
                try ImageError.reading { () throws(OCIError) in
                    try Documents.encode(manifest, name: "manifest")
                }
            )
            _ = try self.image(digest, called: name ?? digest.description, anyPlatform: true)
            return digest
        }
        if let name { try await record(name, digest: digest) }
        return digest
    }

    /// Names a manifest or index that is stored with all it needs for this host.
    ///
    /// - Parameters:
    ///   - digest: of the manifest or index.
    ///   - reference: the name it gets.
    /// - Returns: the image that the name means here.
    /// - Throws: ``ImageError`` when something is missing or it does not run here.
    package func register(
        manifest digest: Digest,
        reference: String
    ) async throws(ImageError) -> Image {
        let name = try ImageError.reading { () throws(OCIError) in try ImageReference(reference) }
            .withoutDigest.description
        let image = try await BlockingWork.run { () throws(ImageError) in
            try self.image(digest, called: name)
        }
        try await record(name, digest: digest)
        return image
    }
}
