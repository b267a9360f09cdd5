// SPDX-License-Identifier: Apache-2.0
// Pulls a named image into the store, and pushes one from it. Gateway calls it.

package import FunctionModel
package import OCI
package import ImageStore

extension ImageStore {
    /// Pulls an image and names it.
    ///
    /// Blobs in the store are not fetched again.
    ///
    /// - Parameters:
    ///   - reference: as users type it; `hello` means `docker.io/library/hello:latest`.
    ///   - platform: chosen from an index; nil takes the host's.
    ///   - client: provides credentials and mirrors.
    ///   - events: receives every step, from several threads.
    /// - Returns: the image that the name refers to in the store.
    /// - Throws: ``RegistryError``; the name then still refers to its earlier image.
    package func pull(
        _ reference: String,
        platform: Platform? = nil,
        using client: RegistryClient,
        events: @escaping TransferEvents = { _ in }
    ) async throws(RegistryError) -> Image {
        let name = try RegistryError.reading { () throws(OCIError) in try ImageReference(reference) }
        // Garbage collection must not remove parts of the image before the name refers to it.
        let lease = blobs.lease()
        let pulled = try await client.pull(name, platform: platform ?? host, into: blobs, events: events)
        let image = try await RegistryError.storing { () async throws(ImageError) in
            let text = name.withoutDigest.description
            guard platform != nil else {
                return try await register(manifest: pulled.root.digest, reference: text)
            }
            // Requested by platform: the name refers to that one manifest, also when it does not run on this host.
            let image = try await BlockingWork.run { () throws(ImageError) in
                try self.image(pulled.manifest.digest, called: text, anyPlatform: true)
            }
            try await record(text, digest: image.digest)
            return image
        }
        withExtendedLifetime(lease) {}
        return image
    }

    /// Pushes an image, or an index with every image of it.
    ///
    /// Of an index that is incomplete in the store, the image for this host is pushed. Layers that another name of the
    /// same registry has are mounted from its repository.
    ///
    /// - Parameters:
    ///   - reference: a name in this store.
    ///   - target: the name at the registry; nil takes `reference`.
    ///   - client: provides the credentials.
    ///   - events: receives every step, from several threads.
    /// - Returns: the digest that the registry now has under the name.
    /// - Throws: ``RegistryError``; blobs that arrived stay at the registry.
    package func push(
        _ reference: String,
        as target: String? = nil,
        using client: RegistryClient,
        events: @escaping TransferEvents = { _ in }
    ) async throws(RegistryError) -> Digest {
        let source = try RegistryError.reading { () throws(OCIError) in try ImageReference(reference) }
        let name = try RegistryError.reading { () throws(OCIError) in
            try target.map { text throws(OCIError) in try ImageReference(text) } ?? source
        }
        let lease = blobs.lease()
        defer { withExtendedLifetime(lease) {} }
        let root = try await pushRoot(of: source)
        let mountable = try await mountSources(for: name)
        return try await client.push(root, from: blobs, to: name, mountable: mountable, events: events)
    }

    /// The stored index when it is complete, else the manifest for this host.
    private func pushRoot(of source: ImageReference) async throws(RegistryError) -> Digest {
        let record = try await RegistryError.storing { () async throws(ImageError) in
            try await references.get(source.withoutDigest.description)
        }
        let blobs = blobs
        if let digest = source.digest ?? record?.digest {
            let isWhole = try await RegistryError.working { () throws(ImageError) in
                StoredTree(blobs).isWhole(digest)
            }
            if isWhole { return digest }
        }
        return try await RegistryError.storing { () async throws(ImageError) in
            try await resolve(source.description).digest
        }
    }

    /// For blobs of other names at the same registry, the repository that probably has them.
    private func mountSources(for name: ImageReference) async throws(RegistryError) -> [Digest: String] {
        let records = try await RegistryError.storing { () async throws(ImageError) in
            try await references.all()
        }
        let neighbours = records.compactMap { record -> (String, Digest)? in
            // A record that is not a reference is skipped; the list of images reports it.
            guard let other = try? ImageReference(record.reference), other.registry == name.registry,
                other.repository != name.repository
            else { return nil }
            return (other.repository, record.digest)
        }
        let blobs = blobs
        return try await RegistryError.working { () throws(ImageError) in
            var sources: [Digest: String] = [:]
            for (repository, root) in neighbours.prefix(StoredTree.neighboursMax) {
                for blob in StoredTree(blobs).content(of: root) where sources[blob] == nil {
                    sources[blob] = repository
                }
            }
            return sources
        }
    }
}

/// The content that a stored manifest or index refers to.
///
/// Every call blocks on the disk.
struct StoredTree: Sendable {
    private let blobs: BlobStore

    /// Names searched for layers to mount: enough for the images of one project.
    static let neighboursMax = 64

    init(_ blobs: BlobStore) { self.blobs = blobs }

    /// Whether the store has every manifest of the tree with its configuration and layers.
    func isWhole(_ root: Digest) -> Bool {
        guard let documents = documents(root, depth: 0) else { return false }
        return documents.flatMap(\.blobs).allSatisfy { blobs.size(of: $0.digest) == $0.size }
    }

    /// Configurations and layers in the store.
    func content(of root: Digest) -> [Digest] {
        (documents(root, depth: 0) ?? []).flatMap(\.blobs).map(\.digest)
    }

    /// The manifests of the tree; nil when one is absent or unreadable.
    private func documents(_ root: Digest, depth: Int) -> [Manifest]? {
        guard depth < ImagePull.depthMax,
            let bytes = try? blobs.read(root, limit: RegistryDocument.bytesMax, for: "an image"),
            let document = try? RegistryDocument(
                bytes: bytes,
                contentType: nil,
                expected: nil,
                expectedDigest: root,
                what: "\(root)"
            )
        else { return nil }
        switch document.content {
        case .manifest(let manifest): return [manifest]
        case .index(let index):
            var manifests: [Manifest] = []
            for child in index.manifests {
                guard let found = documents(child.digest, depth: depth + 1) else { return nil }
                manifests += found
            }
            return manifests
        }
    }
}

extension Manifest {
    /// The digests that the manifest refers to.
    fileprivate var blobs: [Descriptor] { [config] + layers }
}
