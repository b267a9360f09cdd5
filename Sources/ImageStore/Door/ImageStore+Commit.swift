// SPDX-License-Identifier: Apache-2.0
// Makes an image of blobs in the store. The last step of builds and pulls.

package import FunctionModel
package import OCI

extension ImageStore {
    /// Writes configuration and manifest of an image whose layers are stored, and gives it a name.
    ///
    /// Hold a ``BlobStore/lease()`` from the first layer until this returns.
    ///
    /// - Parameters:
    ///   - layers: lowest first, each in ``blobs``.
    ///   - configuration: has one diff id for each layer.
    ///   - reference: its name; an image without one (nil) is removed by garbage collection.
    /// - Returns: the manifest's digest; equal input gives equal digests.
    /// - Throws: ``ImageError`` when a layer is missing or does not match.
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

    /// Gives a name to a manifest or index that is stored with all its content for this host.
    ///
    /// - Parameters:
    ///   - digest: of the manifest or index.
    ///   - reference: the name.
    /// - Returns: the image that the name refers to on this host.
    /// - Throws: ``ImageError`` when content is missing or the image does not run on this host.
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
