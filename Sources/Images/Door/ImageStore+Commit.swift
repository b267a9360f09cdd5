// SPDX-License-Identifier: Apache-2.0
// Making an image of what is in the store already. The builder and the registry client end here.

extension ImageStore {
    /// Writes configuration and manifest of an image whose layers are stored, and names it.
    ///
    /// - Parameters:
    ///   - layers: bottom first, each in ``blobs``.
    ///   - configuration: with as many diff ids as there are layers.
    ///   - reference: a name for it; nil leaves it without one, for garbage collection to take.
    /// - Returns: the manifest's digest; the same input gives the same.
    package func commit(
        layers: [Descriptor],
        configuration: ImageConfiguration,
        reference: String?
    ) async throws(ImageError) -> Digest {
        throw .unknownImage(reference ?? "")
    }

    /// Names a manifest or index that is stored with all it needs for this host.
    ///
    /// - Returns: the image that the name means here.
    package func register(
        manifest digest: Digest,
        reference: String
    ) async throws(ImageError) -> Image {
        throw .unknownImage(reference)
    }
}
