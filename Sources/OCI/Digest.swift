// SPDX-License-Identifier: Apache-2.0
// Digests of bytes, and digests in documents: what every descriptor and reference in this room points with.

package import FunctionModel

extension Digest {
    /// Reads `sha256:…`; sha512 and unregistered algorithms are refused with their name.
    ///
    /// - Throws: ``OCIError/malformedDigest(_:)`` for any other algorithm, length or letter.
    package init(_ text: String) throws(OCIError) {
        guard let digest = Digest(text: text) else {
            throw .malformedDigest(String(text.prefix(160)))
        }
        self = digest
    }

    /// The digest of bytes in memory.
    package init(of bytes: some Sequence<UInt8>) {
        var hash = SHA256()
        hash.update(Array(bytes))
        self = hash.finish()
    }
}

extension Digest: Codable {
    package init(from decoder: any Decoder) throws {
        self = try Digest(decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
