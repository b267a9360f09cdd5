// SPDX-License-Identifier: Apache-2.0
// The name of a piece of content, in every room. OCI computes it and reads it from documents.

/// A SHA-256 content digest, written `sha256:` and 64 lower-case hexadecimal digits.
///
/// The one registered algorithm that every registry has (image-spec, descriptor.md, "Digests").
package struct Digest: Hashable, Sendable, CustomStringConvertible {
    /// The 64 digits without the algorithm; safe as a file name.
    package let hex: String

    /// Takes 64 lower-case digits, as in the name of a stored file; nil for anything else.
    package init?(hex: String) {
        let isDigest =
            hex.utf8.count == 64 && hex.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
        guard isDigest else { return nil }
        self.hex = hex
    }

    /// Reads `sha256:…`; nil for any other algorithm, length or letter.
    package init?(text: String) {
        guard text.hasPrefix("sha256:") else { return nil }
        self.init(hex: String(text.dropFirst(7)))
    }

    /// Takes the 32 bytes that the hash function gave.
    package init(hash: [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        hex = String(decoding: hash.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    package var description: String { "sha256:" + hex }
}
