// SPDX-License-Identifier: Apache-2.0
// Pushes an image from the store to a registry (distribution-spec, "Push"): blobs, manifests, then the index.

package import OCI
import HTTPClient
package import ImageStore
import Foundation
package import FunctionModel

extension RegistryClient {
    /// Sends a manifest, or an index with all its manifests, and gives it a name at the registry.
    ///
    /// - Parameters:
    ///   - root: a manifest or index in the store, with everything that it refers to.
    ///   - store: holds the content.
    ///   - reference: by its tag; by digest when it has no tag.
    ///   - mountable: for blobs, another repository of the same registry that probably has them.
    ///   - events: receives every step.
    /// - Returns: the digest that the name has now.
    /// - Throws: ``RegistryError``; blobs that have arrived stay at the registry.
    package func push(
        _ root: Digest,
        from store: BlobStore,
        to reference: ImageReference,
        mountable: [Digest: String] = [:],
        events: @escaping TransferEvents = { _ in }
    ) async throws(RegistryError) -> Digest {
        let endpoints = try options.registries.endpoints(for: reference.registry, pulling: false)
        guard let endpoint = endpoints.last else {
            throw .configuration("no address for \(reference.registry)")
        }
        // Mounting needs permission to read from the other repository, in the same token.
        let sources = Set(mountable.values).subtracting([reference.repository]).sorted()
        let scopes = sources.prefix(ImagePush.mountSourcesMax).map(AccessScope.pull)
        let session = RegistrySession(
            self,
            endpoint: endpoint,
            repository: reference.repository,
            scopes: Set(scopes + [.push(reference.repository)]),
            events: events
        )
        let sourceNames = Set(scopes.map(\.name))
        let push = ImagePush(
            session: session,
            store: store,
            mountable: mountable.filter { sourceNames.contains($0.value) }
        )
        let document = try await push.read(root, what: reference.familiar)
        try await push.send(document, named: reference.tag ?? root.description, depth: 0)
        return root
    }
}

/// One push to one registry.
struct ImagePush: Sendable {
    let session: RegistrySession
    let store: BlobStore
    let mountable: [Digest: String]

    /// More scopes in one token request than this make its address too long for some servers.
    static let mountSourcesMax = 8

    func read(_ digest: Digest, what: String) async throws(RegistryError) -> RegistryDocument {
        let store = store
        let bytes = try await RegistryError.working { () throws(ImageError) in
            try store.read(digest, limit: RegistryDocument.bytesMax, for: what)
        }
        return try RegistryDocument(
            bytes: bytes,
            contentType: nil,
            expected: nil,
            expectedDigest: digest,
            what: what
        )
    }

    /// Children first: a registry refuses documents that refer to content it does not have.
    func send(_ document: RegistryDocument, named name: String, depth: Int) async throws(RegistryError) {
        switch document.content {
        case .manifest(let manifest):
            var seen: Set<Digest> = []
            let blobs = ([manifest.config] + manifest.layers).filter { seen.insert($0.digest).inserted }
            let mountable = mountable
            let store = store
            try await session.inParallel(blobs) { worker, blob throws(RegistryError) in
                try await worker.upload(blob, from: store, mountFrom: mountable[blob.digest])
            }
        case .index(let index):
            guard depth < ImagePull.depthMax else {
                throw .wrongContent(what: name, reason: "indexes are nested too deep")
            }
            for child in index.manifests {
                let isDocument = MediaType.isIndex(child.mediaType) || MediaType.isManifest(child.mediaType)
                guard isDocument else { throw .unknownMediaType(child.mediaType, in: name) }
                let document = try await read(child.digest, what: "manifest \(child.digest)")
                try await send(document, named: child.digest.description, depth: depth + 1)
            }
        }
        try await put(document, named: name)
    }

    private func put(_ document: RegistryDocument, named name: String) async throws(RegistryError) {
        let what = "manifest \(name) of \(session.name)"
        let request = HTTPRequest(
            "PUT",
            try session.url("manifests/\(name)"),
            fields: ["Content-Type": document.descriptor.mediaType],
            body: .bytes(Data(document.bytes))
        )
        let answer = try await session.small(request, what: what)
        guard answer.head.isSuccess else {
            throw RegistryAnswer(subject: what, head: answer.head, body: answer.body).error
        }
        let digest = document.descriptor.digest
        if let stated = answer.head["Docker-Content-Digest"], stated != digest.description {
            throw .wrongContent(what: what, reason: "the registry stored it as \(stated), it is \(digest)")
        }
        session.events(.finished(digest, sizeBytes: document.bytes.count))
    }
}
