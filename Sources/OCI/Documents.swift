// SPDX-License-Identifier: Apache-2.0
// From bytes to documents, bounded and unambiguous; and back, the same bytes for the same document.

import FoundationEssentials

/// A document that descriptors lead to first.
package enum ImageDocument: Hashable, Sendable {
    case manifest(Manifest)
    case index(ImageIndex)
}

/// Reading and writing of the JSON documents.
package enum Documents {
    /// Bytes of a manifest or index; registries take at least this much (distribution-spec, "Pushing Manifests").
    package static let maximumManifestBytes = 4 << 20
    /// Bytes of a configuration; histories of generated images are long.
    package static let maximumConfigurationBytes = 8 << 20
    /// How deep indexes may be nested.
    package static let maximumIndexDepth = 4

    /// Reads a manifest or index.
    ///
    /// - Parameters:
    ///   - bytes: the document.
    ///   - name: what it is called in errors.
    ///   - mediaType: the type according to the descriptor or server; nil when unknown.
    /// - Returns: the document.
    /// - Throws: ``OCIError/malformedDocument(what:reason:)``, ``OCIError/unknownMediaType(_:in:)``. A document
    ///   that could be read as both kinds is refused (CVE-2021-41190).
    package static func manifestOrIndex(
        _ bytes: [UInt8],
        name: String,
        mediaType: String? = nil
    ) throws(OCIError) -> ImageDocument {
        try checkSize(bytes, limitBytes: maximumManifestBytes, name)
        let shape = try decode(Shape.self, bytes, name: name)
        // First of all, because all further checks depend on the type.
        let types = [mediaType, shape.mediaType].compactMap(\.self).filter { !$0.isEmpty }
        if let type = types.first(where: { !MediaType.isIndex($0) && !MediaType.isManifest($0) }) {
            throw .unknownMediaType(type, in: name)
        }
        let isIndex = shape.manifests != nil
        guard !(isIndex && (shape.layers != nil || shape.config != nil)) else {
            throw .malformedDocument(what: name, reason: "it is an index and an image manifest at once")
        }
        guard isIndex || shape.config != nil else {
            throw .malformedDocument(what: name, reason: "it is neither an image manifest nor an index")
        }
        guard shape.schemaVersion == 2 else {
            let version = shape.schemaVersion.map(String.init) ?? "missing"
            throw .malformedDocument(what: name, reason: "schemaVersion is \(version), only 2 is supported")
        }
        for type in types {
            guard MediaType.isIndex(type) == isIndex else {
                throw .malformedDocument(
                    what: name,
                    reason: "its content is not what its media type \(type) says"
                )
            }
        }
        if isIndex { return .index(try decode(ImageIndex.self, bytes, name: name)) }
        return .manifest(try decode(Manifest.self, bytes, name: name))
    }

    /// Reads a configuration.
    package static func configuration(_ bytes: [UInt8], name: String) throws(OCIError) -> ImageConfiguration {
        try checkSize(bytes, limitBytes: maximumConfigurationBytes, name)
        return try decode(ImageConfiguration.self, bytes, name: name)
    }

    /// Writes a document: sorted keys, no white space, slashes as they are.
    package static func encode(_ document: some Encodable, name: String) throws(OCIError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(document))
        } catch {
            throw .malformedDocument(what: name, reason: "cannot be written: \(error)")
        }
    }

    private static func checkSize(_ bytes: [UInt8], limitBytes: Int, _ name: String) throws(OCIError) {
        guard bytes.count <= limitBytes else {
            throw .documentTooLarge(what: name, limitBytes: limitBytes)
        }
    }

    /// Reads any other JSON document of an image, such as an archive's listing.
    package static func decode<Document: Decodable>(
        _ type: Document.Type,
        _ bytes: [UInt8],
        name: String
    ) throws(OCIError) -> Document {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch let error as DecodingError {
            throw .malformedDocument(what: name, reason: explain(error))
        } catch {
            throw .malformedDocument(what: name, reason: "\(error)")
        }
    }

    private static func explain(_ error: DecodingError) -> String {
        func place(_ context: DecodingError.Context) -> String {
            let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }
            return path.isEmpty ? "" : "\(path.joined(separator: ".")): "
        }
        switch error {
        case .keyNotFound(let key, let context): return place(context) + "'\(key.stringValue)' is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return place(context) + context.debugDescription
        case .dataCorrupted(let context):
            if let reason = context.underlyingError as? OCIError {
                return place(context) + reason.description
            }
            return place(context) + context.debugDescription
        @unknown default: return "cannot be read"
        }
    }

    /// The members that are present, with any value.
    private struct Shape: Decodable {
        var schemaVersion: Int?
        var mediaType: String?
        var manifests: Anything?
        var layers: Anything?
        var config: Anything?
    }

    private struct Anything: Decodable {
        init(from decoder: any Decoder) {}
    }
}
