// SPDX-License-Identifier: Apache-2.0
// The JSON of a container's writable layer: what it changed, and the image of a commit.

package import FunctionModel

/// One path that a container changed of its image.
package struct LayerChangeBody: Hashable, Sendable, Codable {
    /// What happened to it.
    package enum Kind: String, Hashable, Sendable, Codable {
        case added, changed, removed

        /// As `docker diff` writes it.
        package var letter: String {
            switch self {
            case .added: "A"
            case .changed: "C"
            case .removed: "D"
            }
        }
    }

    package var kind: Kind
    /// Absolute.
    package var path: String

    package init(kind: Kind, path: String) {
        self.kind = kind
        self.path = path
    }
}

/// The image that a commit made.
package struct CommitBody: Hashable, Sendable, Codable {
    /// The configuration's digest, as Docker names images.
    package var id: Digest
    /// The manifest's.
    package var digest: Digest
    package var reference: String?

    package init(id: Digest, digest: Digest, reference: String?) {
        self.id = id
        self.digest = digest
        self.reference = reference
    }
}
