// SPDX-License-Identifier: Apache-2.0
// A token as it is stored: everything but the token itself. TokenRepository keeps these.

package import FoundationEssentials
package import FunctionModel

/// One bearer token, known by its hash.
package struct StoredToken: Hashable, Sendable {
    /// Names the token in lists, logs and for revocation; not secret.
    package var id: String
    /// Given by its creator, for people; may be empty.
    package var name: String
    /// SHA-256 of the token's text.
    ///
    /// The token is random, so that a slow hash would add nothing.
    package var hash: Digest
    package var scopes: Set<TokenScope>
    /// The functions it is limited to; nil for all.
    package var functions: Set<FunctionName>?
    /// The namespaces it is limited to; nil for all.
    package var namespaces: Set<String>?
    package var createdAt: Date
    /// Nil: it does not expire.
    package var expiresAt: Date?
    /// Written in batches: a crash may lose the last moments.
    package var lastUsedAt: Date?

    package init(id: String, name: String, hash: Digest, scopes: Set<TokenScope>, createdAt: Date) {
        self.id = id
        self.name = name
        self.hash = hash
        self.scopes = scopes
        self.createdAt = createdAt
    }
}
