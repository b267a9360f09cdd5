// SPDX-License-Identifier: Apache-2.0
// Reads manifests and indexes that a registry sent, and refuses those that say two things at once. Pure.

import Foundation

/// A manifest or index with the bytes that its digest is of.
struct RegistryDocument: Sendable {
    enum Content: Sendable {
        case manifest(Manifest)
        case index(ImageIndex)
    }

    let descriptor: Descriptor
    let bytes: [UInt8]
    let content: Content

    /// Registries have to take 4 MiB and need not take more (distribution-spec, "Pushing Manifests").
    static let bytesMax = 4 << 20
    /// Overlay mounts end at 500 lower folders, and nobody builds more layers.
    static let layersMax = 512
    /// Every platform and attestation of a large project, ten times over.
    static let manifestsMax = 4096
    /// Answers of simple servers, which say nothing about the content.
    private static let plainTypes: Set<String> = [
        "", "application/json", "application/octet-stream", "text/plain", "binary/octet-stream",
    ]

    /// What shows that a document is two things, or an old one.
    private struct Shape: Decodable {
        var schemaVersion: Int?
        var mediaType: String?
        var has: Set<String> = []

        struct Key: CodingKey {
            var stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: Key.self)
            for key in values.allKeys where try !values.decodeNil(forKey: key) { has.insert(key.stringValue) }
            schemaVersion = try values.decodeIfPresent(Int.self, forKey: Key(stringValue: "schemaVersion"))
            mediaType = try values.decodeIfPresent(String.self, forKey: Key(stringValue: "mediaType"))
        }
    }

    /// Reads a document.
    ///
    /// `contentType` is the answer's header as it came, nil for a stored document; `expected` is the descriptor
    /// or digest that led here. Throws ``RegistryError/wrongContent(what:reason:)`` and
    /// ``RegistryError/unknownMediaType(_:in:)``.
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
        let shape: Shape = try Self.decode(bytes, what: what)
        guard shape.schemaVersion == 2 else {
            throw .wrongContent(
                what: what,
                reason:
                    "schemaVersion is \(shape.schemaVersion.map(String.init) ?? "missing"), only 2 is known"
            )
        }
        let isIndex = shape.has.contains("manifests")
        let isManifest = shape.has.contains("config") || shape.has.contains("layers")
        guard isIndex != isManifest, !shape.has.contains("fsLayers") else {
            throw .wrongContent(what: what, reason: "it is not clearly one of a manifest and an index")
        }
        let type = try Self.mediaType(
            stated: [expected?.mediaType, Self.stripped(contentType), shape.mediaType],
            isIndex: isIndex,
            what: what
        )
        content =
            isIndex
            ? .index(try Self.checked(Self.decode(bytes, what: what), what))
            : .manifest(try Self.checked(Self.decode(bytes, what: what), what))
        descriptor = Descriptor(mediaType: type, digest: digest, size: bytes.count)
        self.bytes = bytes
    }

    /// The type without parameters such as `; charset=utf-8`, in lower case.
    static func stripped(_ contentType: String?) -> String? {
        contentType?.split(separator: ";").first?.trimmingCharacters(in: .whitespaces).lowercased()
    }

    /// Every place that states a type has to state the same, and one that fits the content.
    private static func mediaType(
        stated: [String?],
        isIndex: Bool,
        what: String
    ) throws(RegistryError) -> String {
        let types = stated.compactMap(\.self).filter { !plainTypes.contains($0) }
        guard let type = types.first else { return isIndex ? MediaType.index : MediaType.manifest }
        if let other = types.first(where: { $0 != type }) {
            throw .wrongContent(what: what, reason: "it is called '\(type)' and '\(other)' at once")
        }
        guard MediaType.isIndex(type) || MediaType.isManifest(type) else {
            throw .unknownMediaType(type, in: what)
        }
        guard MediaType.isIndex(type) == isIndex else {
            throw .wrongContent(what: what, reason: "it is called '\(type)' and is not")
        }
        return type
    }

    private static func checked(_ index: ImageIndex, _ what: String) throws(RegistryError) -> ImageIndex {
        guard index.manifests.count <= manifestsMax, index.manifests.allSatisfy({ $0.size >= 0 }) else {
            throw .wrongContent(
                what: what,
                reason: "more than \(manifestsMax) entries, or one of negative size"
            )
        }
        return index
    }

    private static func checked(_ manifest: Manifest, _ what: String) throws(RegistryError) -> Manifest {
        guard manifest.layers.count <= layersMax,
            ([manifest.config] + manifest.layers).allSatisfy({ $0.size >= 0 })
        else {
            throw .wrongContent(what: what, reason: "more than \(layersMax) layers, or one of negative size")
        }
        guard MediaType.isConfiguration(manifest.config.mediaType) else {
            throw .unknownMediaType(manifest.config.mediaType, in: "the configuration of \(what)")
        }
        if let layer = manifest.layers.first(where: { !MediaType.isLayer($0.mediaType) }) {
            throw .unknownMediaType(layer.mediaType, in: "a layer of \(what)")
        }
        return manifest
    }

    private static func decode<Value: Decodable>(_ bytes: [UInt8], what: String) throws(RegistryError)
        -> Value
    {
        do {
            return try JSONDecoder().decode(Value.self, from: Data(bytes))
        } catch {
            throw .wrongContent(what: what, reason: "no readable document: \(error)")
        }
    }
}
