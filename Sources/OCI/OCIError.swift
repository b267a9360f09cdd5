// SPDX-License-Identifier: Apache-2.0
// What can be wrong with an image's names, digests and documents before any content is read.

/// A digest, a reference or a document that does not follow the OCI specifications.
package enum OCIError: Error, Hashable, Codable, Sendable, CustomStringConvertible {
    case malformedDigest(String)
    case malformedReference(String, reason: String)
    /// A manifest, index, configuration or archive listing is not what it has to be.
    case malformedDocument(what: String, reason: String)
    case unknownMediaType(String, in: String)
    /// A document is larger than its limit in bytes.
    case documentTooLarge(what: String, limitBytes: Int)

    package var description: String {
        switch self {
        case .malformedDigest(let text):
            "'\(text)' is not a digest, expected sha256: and 64 hexadecimal digits"
        case .malformedReference(let text, let reason): "'\(text)' is not an image reference: \(reason)"
        case .malformedDocument(let what, let reason): "\(what): \(reason)"
        case .unknownMediaType(let type, let owner): "\(owner) has the unknown media type '\(type)'"
        case .documentTooLarge(let what, let limit): "size of \(what) exceeds the limit of \(limit)"
        }
    }
}
