// SPDX-License-Identifier: Apache-2.0
// Checks a manifest or index that a registry sent: its digest, and that all sources agree on its type. Pure.

import FunctionModel
import OCI
import ImageStore

/// A document with the bytes of its digest.
struct RegistryDocument: Sendable {
    let descriptor: Descriptor
    let bytes: [UInt8]
    let content: ImageDocument

    static let bytesMax = Documents.maximumManifestBytes
    /// Overlay mounts have at most 500 lower folders, and images in practice have fewer layers.
    static let layersMax = 512
    /// Ten times the platforms and attestations of a large project.
    static let manifestsMax = 4096
    /// Content types of simple servers, which do not describe the content.
    private static let plainTypes: Set<String> = [
        "", "application/json", "application/octet-stream", "text/plain", "binary/octet-stream",
    ]

    /// Reads a document.
    ///
    /// `contentType` is the answer's header unchanged, nil for a stored document; `expected` is the
    /// descriptor that refers to it, `expectedDigest` the digest when there is no descriptor. Throws
    /// ``RegistryError/wrongContent(what:reason:)`` and ``RegistryError/unknownMediaType(_:in:)``.
    init(
        bytes: [UInt8],
        contentType: String?,
        expected: Descriptor?,
        expectedDigest: Digest?,
        what: String
    ) throws(RegistryError) {
        if let expected, expected.size != bytes.count {
            throw .wrongContent(what: what, reason: "\(bytes.count) bytes, expected \(expected.size)")
        }
        let digest = Digest(of: bytes)
        if let wanted = expected?.digest ?? expectedDigest, wanted != digest {
            throw .wrongContent(what: what, reason: "it has digest \(digest), expected \(wanted)")
        }
        let outer = [expected?.mediaType, Self.stripped(contentType)].compactMap(\.self)
            .filter { !Self.plainTypes.contains($0) }
        do throws(OCIError) {
            content = try Documents.manifestOrIndex(bytes, name: what, mediaType: outer.first)
        } catch {
            if case .unknownMediaType(let type, _) = error { throw .unknownMediaType(type, in: what) }
            // Content that is not JSON, such as the page of a portal, is reported with its type.
            if let type = outer.first, !MediaType.isIndex(type), !MediaType.isManifest(type) {
                throw .unknownMediaType(type, in: what)
            }
            throw .wrongContent(what: what, reason: error.description)
        }
        let inner = [content.mediaType].compactMap(\.self).filter { !$0.isEmpty }
        let type = outer.first ?? inner.first ?? content.mediaTypeDefault
        if let other = (outer + inner).first(where: { $0 != type }) {
            throw .wrongContent(what: what, reason: "it has two media types, '\(type)' and '\(other)'")
        }
        descriptor = Descriptor(mediaType: type, digest: digest, size: bytes.count)
        self.bytes = bytes
        try Self.check(content, what)
    }

    /// The type without parameters such as `; charset=utf-8`, in lower case.
    static func stripped(_ contentType: String?) -> String? {
        contentType?.prefix { $0 != ";" }.filter { !$0.isWhitespace }.lowercased()
    }

    private static func check(_ content: ImageDocument, _ what: String) throws(RegistryError) {
        switch content {
        case .index(let index):
            guard index.manifests.count <= manifestsMax, index.manifests.allSatisfy({ $0.size >= 0 }) else {
                let reason = "more than \(manifestsMax) entries, or one of negative size"
                throw .wrongContent(what: what, reason: reason)
            }
        case .manifest(let manifest):
            guard manifest.layers.count <= layersMax,
                ([manifest.config] + manifest.layers).allSatisfy({ $0.size >= 0 })
            else {
                let reason = "more than \(layersMax) layers, or one of negative size"
                throw .wrongContent(what: what, reason: reason)
            }
            guard MediaType.isConfiguration(manifest.config.mediaType) else {
                throw .unknownMediaType(manifest.config.mediaType, in: "the configuration of \(what)")
            }
            if let layer = manifest.layers.first(where: { !MediaType.isLayer($0.mediaType) }) {
                throw .unknownMediaType(layer.mediaType, in: "a layer of \(what)")
            }
        }
    }
}

extension ImageDocument {
    /// The media type in the document itself.
    fileprivate var mediaType: String? {
        switch self {
        case .manifest(let manifest): manifest.mediaType
        case .index(let index): index.mediaType
        }
    }

    /// The type when neither the server nor the document states one: OCI documents need not.
    fileprivate var mediaTypeDefault: String {
        switch self {
        case .manifest: MediaType.manifest
        case .index: MediaType.index
        }
    }
}
