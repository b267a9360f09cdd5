// SPDX-License-Identifier: Apache-2.0
// Finds the images of an OCI layout, in a folder or an archive (image-spec, image-layout.md).

import FunctionModel
import OCI

/// An image with all its content in the blob store.
struct FoundImage: Hashable {
    /// Normalised; nil when the source has no name for it.
    var reference: String?
    /// A tag without a repository, which is no complete name.
    var bareTag: String?
    /// Of the manifest or index.
    var digest: Digest
    /// Of the configuration; nil for an index of several platforms.
    var configuration: Digest?
}

struct OCILayoutReader {
    let source: any ContentSource
    let host: Platform

    /// - Returns: nil when the source is no OCI layout.
    func images() throws(ImageError) -> [FoundImage]? {
        guard let bytes = try source.bytes("index.json", limit: Documents.maximumManifestBytes) else {
            return nil
        }
        let name = "index.json of \(source.name)"
        if let header = try source.bytes("oci-layout", limit: 4096) {
            let layout = try ImageError.reading { () throws(OCIError) in
                try Documents.decode(LayoutHeader.self, header, name: "oci-layout of \(source.name)")
            }
            guard layout.imageLayoutVersion.hasPrefix("1.") else {
                throw .malformedDocument(
                    what: name,
                    reason: "layout version \(layout.imageLayoutVersion) is unknown"
                )
            }
        }
        let document = try ImageError.reading { () throws(OCIError) in
            try Documents.manifestOrIndex(bytes, name: name)
        }
        guard case .index(let index) = document else {
            throw .malformedDocument(what: name, reason: "it is not an index")
        }
        var images: [FoundImage] = []
        for entry in entries(index) {
            // Unknown kinds of content must be skipped (image-spec, image-index.md).
            guard let configuration = try importContent(entry, depth: 0) else { continue }
            images.append(
                FoundImage(
                    reference: Self.reference(entry),
                    bareTag: entry.annotations?[Annotation.referenceName].flatMap { text in
                        ImageReference.isTag(text) ? text : nil
                    },
                    digest: entry.digest,
                    configuration: configuration.digest
                )
            )
        }
        return images
    }

    struct LayoutHeader: Codable {
        var imageLayoutVersion: String
    }

    /// Of the manifests of several platforms with one name (or none), selects the one for this host.
    private func entries(_ index: ImageIndex) -> [Descriptor] {
        var order: [String?] = []
        var groups: [String?: [Descriptor]] = [:]
        for entry in index.manifests {
            let reference = Self.reference(entry)
            if groups[reference] == nil { order.append(reference) }
            groups[reference, default: []].append(entry)
        }
        return order.flatMap { reference -> [Descriptor] in
            let group = groups[reference] ?? []
            let isPerPlatform = group.count > 1 && Set(group.map(\.platform)).count == group.count
            guard isPerPlatform, let best = Platform.best(of: group.map(\.platform), for: host) else {
                return group
            }
            return [group[best]]
        }
    }

    /// The complete reference in a descriptor's annotations; a tag alone names no image.
    static func reference(_ entry: Descriptor) -> String? {
        let annotations = entry.annotations ?? [:]
        for text in [annotations[Annotation.imageName], annotations[Annotation.referenceName]] {
            guard let text, text.contains("/") || text.contains(":") else { continue }
            // A name that is not a reference is ignored.
            if let reference = try? ImageReference(text) { return reference.description }
        }
        return nil
    }

    private struct ImportedContent { var digest: Digest? }

    /// Imports a manifest or an index, and all content that it refers to.
    ///
    /// - Returns: nil when it is neither.
    private func importContent(_ descriptor: Descriptor, depth: Int) throws(ImageError) -> ImportedContent? {
        try UnpackLimits.check(depth, Documents.maximumIndexDepth, "depth of indexes of \(source.name)")
        let isKnown = MediaType.isIndex(descriptor.mediaType) || MediaType.isManifest(descriptor.mediaType)
        guard isKnown || descriptor.mediaType.isEmpty else { return nil }
        let path = Self.path(descriptor.digest)
        guard try store(descriptor) != nil,
            let bytes = try source.bytes(path, limit: Documents.maximumManifestBytes)
        else { throw .missingBlob(descriptor.digest, neededBy: source.name) }
        let name = "manifest \(descriptor.digest) of \(source.name)"
        let document = try ImageError.reading { () throws(OCIError) in
            try Documents.manifestOrIndex(bytes, name: name, mediaType: descriptor.mediaType)
        }
        switch document {
        case .manifest(let manifest):
            for part in [manifest.config] + manifest.layers where try store(part) == nil {
                throw .missingBlob(part.digest, neededBy: name)
            }
            return ImportedContent(digest: manifest.config.digest)
        case .index(let index):
            let wanted = index.candidates(for: host).first?.digest
            for child in index.manifests {
                do {
                    _ = try importContent(child, depth: depth + 1)
                } catch .missingBlob where child.digest != wanted {
                    // Layouts often have only one platform of an index.
                    continue
                }
            }
            return ImportedContent(digest: nil)
        }
    }

    /// Checks the size before the digest, as image-spec requires.
    private func store(_ descriptor: Descriptor) throws(ImageError) -> StoredContent? {
        let content = try source.store(Self.path(descriptor.digest), expected: descriptor.digest)
        if let content, content.size != descriptor.size {
            throw .sizeMismatch(
                what: "\(descriptor.digest) of \(source.name)",
                expected: descriptor.size,
                actual: content.size
            )
        }
        return content
    }

    static func path(_ digest: Digest) -> String { "blobs/sha256/" + digest.hex }
}
