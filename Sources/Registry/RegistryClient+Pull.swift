// SPDX-License-Identifier: Apache-2.0
// Pulls every document and blob of one image (distribution-spec, "Pull").

import FunctionModel
package import OCI
import HTTPClient
package import ImageStore

extension RegistryClient {
    /// Pulls an image into the store: index, manifest, configuration, layers.
    ///
    /// The image gets no name.
    ///
    /// Mirrors come first; content that a mirror delivered before it failed is not fetched again. Hold a
    /// ``BlobStore/lease()`` meanwhile.
    ///
    /// - Parameters:
    ///   - reference: pulled by digest when it has one.
    ///   - platform: chosen from an index, and required of a single image.
    ///   - store: receives the verified content.
    ///   - events: receives every step.
    /// - Returns: the descriptors that the caller registers under a name.
    /// - Throws: ``RegistryError``; complete blobs stay in the store.
    package func pull(
        _ reference: ImageReference,
        platform: Platform,
        into store: BlobStore,
        events: @escaping TransferEvents = { _ in }
    ) async throws(RegistryError) -> PulledImage {
        let endpoints = try options.registries.endpoints(for: reference.registry, pulling: true)
        var failure = RegistryError.configuration("no address for \(reference.registry)")
        for endpoint in endpoints {
            let session = RegistrySession(
                self,
                endpoint: endpoint,
                repository: reference.repository,
                scopes: [.pull(reference.repository)],
                events: events
            )
            do throws(RegistryError) {
                let pull = ImagePull(session: session, reference: reference, platform: platform, store: store)
                return try await pull.run()
            } catch {
                switch error {
                case .cancelled, .store: throw error
                default: failure = error
                }
            }
            if endpoint != endpoints.last {
                events(.retrying(what: "\(endpoint.name)", reason: failure.description, after: .zero))
            }
        }
        throw failure
    }
}

/// One pull from one endpoint.
struct ImagePull: Sendable {
    let session: RegistrySession
    let reference: ImageReference
    let platform: Platform
    let store: BlobStore

    /// Depth of indexes within indexes; practice has one level.
    static let depthMax = 3
    /// Entries without a platform that are examined: each costs two requests.
    static let unnamedMax = 16
    static let configurationBytesMax = Documents.maximumConfigurationBytes

    func run() async throws(RegistryError) -> PulledImage {
        let root = try await fetch(tagOrDigest: reference.digest?.description ?? reference.tag ?? "latest")
        session.events(.resolved(reference: reference.familiar, digest: root.descriptor.digest))
        guard let chosen = try await choose(root, depth: 0), case .manifest(let manifest) = chosen.content
        else {
            throw .noPlatform(reference: reference.familiar, wanted: "\(platform)", offered: offered(root))
        }
        // The configuration first: an image for another processor is refused before its layers are fetched.
        let own = try await configuration(of: manifest).platform
        guard own.fitness(on: platform) != nil else {
            throw .noPlatform(reference: reference.familiar, wanted: "\(platform)", offered: ["\(own)"])
        }
        try await session.inParallel(Self.unique(manifest.layers)) { worker, layer throws(RegistryError) in
            try await worker.download(layer, into: store)
        }
        return PulledImage(root: root.descriptor, manifest: chosen.descriptor)
    }

    private static func unique(_ blobs: [Descriptor]) -> [Descriptor] {
        var seen: Set<Digest> = []
        return blobs.filter { seen.insert($0.digest).inserted }
    }

    private func offered(_ document: RegistryDocument) -> [String] {
        guard case .index(let index) = document.content else { return [] }
        let names = index.manifests.prefix(Self.unnamedMax).compactMap { $0.platform?.description }
        return names.filter { !$0.contains("unknown") }
    }

    /// Finds the manifest for the platform in an index.
    private func choose(_ document: RegistryDocument, depth: Int) async throws(RegistryError)
        -> RegistryDocument?
    {
        guard case .index(let index) = document.content else { return document }
        guard depth < Self.depthMax else {
            throw .wrongContent(what: reference.familiar, reason: "indexes are nested too deep")
        }
        for candidate in index.candidates(for: platform).prefix(Self.unnamedMax) {
            let child = try await fetch(candidate)
            if candidate.platform == nil, case .manifest(let manifest) = child.content {
                guard try await configuration(of: manifest).platform.fitness(on: platform) != nil else {
                    continue
                }
            }
            if let found = try await choose(child, depth: depth + 1) { return found }
        }
        return nil
    }

    private func configuration(of manifest: Manifest) async throws(RegistryError) -> ImageConfiguration {
        let what = "configuration of \(reference.familiar)"
        guard manifest.config.size <= Self.configurationBytesMax else {
            throw .tooLarge(what: what, limitBytes: Self.configurationBytesMax)
        }
        try await session.download(manifest.config, into: store)
        let bytes = try await RegistryError.working { () throws(ImageError) in
            try store.read(manifest.config.digest, limit: Self.configurationBytesMax, for: what)
        }
        do throws(OCIError) {
            return try Documents.configuration(bytes, name: what)
        } catch {
            throw .wrongContent(what: what, reason: error.description)
        }
    }

    /// A document by its descriptor; read from the store when it is there.
    private func fetch(_ descriptor: Descriptor) async throws(RegistryError) -> RegistryDocument {
        guard descriptor.size <= RegistryDocument.bytesMax else {
            throw .tooLarge(what: "manifest \(descriptor.digest)", limitBytes: RegistryDocument.bytesMax)
        }
        if try await RegistryError.working({ store.claim(descriptor.digest) }) {
            let bytes = try await RegistryError.working { () throws(ImageError) in
                try store.read(descriptor.digest, limit: RegistryDocument.bytesMax, for: "manifest")
            }
            return try RegistryDocument(
                bytes: bytes,
                contentType: nil,
                expected: descriptor,
                expectedDigest: nil,
                what: "manifest \(descriptor.digest)"
            )
        }
        return try await fetch(tagOrDigest: descriptor.digest.description, expected: descriptor)
    }

    /// A document from the registry, verified and put into the store.
    private func fetch(
        tagOrDigest: String,
        expected: Descriptor? = nil
    ) async throws(RegistryError) -> RegistryDocument {
        let what = expected.map { "manifest \($0.digest)" } ?? reference.familiar
        let accept = MediaType.accepted.joined(separator: ", ")
        let url = try session.url("manifests/\(tagOrDigest)")
        let answer = try await session.small(HTTPRequest("GET", url, fields: ["Accept": accept]), what: what)
        guard answer.head.status == 200 else {
            throw RegistryAnswer(subject: what, head: answer.head, body: answer.body).error
        }
        // The header is optional, and its algorithm may be unknown here; a known one must match.
        let stated = expected == nil ? answer.head["Docker-Content-Digest"].flatMap { try? Digest($0) } : nil
        let document = try RegistryDocument(
            bytes: answer.body,
            contentType: answer.head["Content-Type"],
            expected: expected,
            expectedDigest: expected == nil ? reference.digest ?? stated : nil,
            what: what
        )
        let store = store
        _ = try await RegistryError.working { () throws(ImageError) in try store.put(document.bytes) }
        return document
    }
}
