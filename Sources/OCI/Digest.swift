// SPDX-License-Identifier: Apache-2.0
// The name of a piece of content: what every descriptor, file name and reference in this room points with.

/// A SHA-256 content digest, written `sha256:` and 64 lower-case hexadecimal digits.
///
/// The one registered algorithm that every registry has (image-spec, descriptor.md, "Digests"); sha512 and
/// unregistered algorithms are refused with their name.
package struct Digest: Hashable, Sendable, CustomStringConvertible {
    /// The 64 digits without the algorithm; safe as a file name.
    package let hex: String

    /// Reads `sha256:…`.
    ///
    /// - Throws: ``OCIError/malformedDigest(_:)`` for any other algorithm, length or letter.
    package init(_ text: String) throws(OCIError) {
        guard text.hasPrefix("sha256:"), let digest = Digest(hex: String(text.dropFirst(7))) else {
            throw .malformedDigest(String(text.prefix(160)))
        }
        self = digest
    }

    /// Takes 64 lower-case digits, as in the name of a stored file; nil for anything else.
    package init?(hex: String) {
        let isDigest =
            hex.utf8.count == 64 && hex.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
        guard isDigest else { return nil }
        self.hex = hex
    }

    /// Takes the 32 bytes that the hash function gave.
    init(hash: [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        hex = String(decoding: hash.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// The digest of bytes in memory.
    package init(of bytes: some Sequence<UInt8>) {
        var hash = SHA256()
        hash.update(Array(bytes))
        self = hash.finish()
    }

    package var description: String { "sha256:" + hex }
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
