// SPDX-License-Identifier: Apache-2.0
// Pulling into the store and pushing out of it, by name. faasctl and the HTTP door drive it.

extension ImageStore {
    /// Pulls an image and names it. Blobs that are here already are not fetched again.
    ///
    /// - Parameters:
    ///   - reference: as users type it; `hello` means `docker.io/library/hello:latest`.
    ///   - platform: chosen from an index; nil takes the host's.
    ///   - client: whose credentials and mirrors to use.
    ///   - events: told about every step, from several threads.
    /// - Returns: the image that the name means here.
    /// - Throws: ``RegistryError``; the name then still means what it meant before.
    package func pull(
        _ reference: String,
        platform: Platform? = nil,
        using client: RegistryClient,
        events: @escaping TransferEvents = { _ in }
    ) async throws(RegistryError) -> Image {
        throw .store(.unknownImage(reference))
    }

    /// Pushes an image, or an index with every image of it that is here.
    ///
    /// - Parameters:
    ///   - reference: a name in this store.
    ///   - target: the name at the registry; nil takes `reference`.
    ///   - client: whose credentials to use.
    ///   - events: told about every step, from several threads.
    /// - Returns: the digest that the registry now has under the name.
    /// - Throws: ``RegistryError``; blobs that arrived stay at the registry.
    package func push(
        _ reference: String,
        as target: String? = nil,
        using client: RegistryClient,
        events: @escaping TransferEvents = { _ in }
    ) async throws(RegistryError) -> Digest {
        throw .store(.unknownImage(reference))
    }
}
