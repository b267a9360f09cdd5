// SPDX-License-Identifier: Apache-2.0
// Bearer tokens as /v1/tokens sends and takes them.

package import FoundationEssentials
package import FunctionModel

/// One element of GET /v1/tokens, and the answer of POST /v1/tokens.
package struct AccessTokenBody: Codable, Hashable, Sendable {
    package var id: String
    /// The token itself: in the answer to its creation only.
    package var token: String?
    /// What AWS's clients sign with, with ``id`` as access key id: in the answer to its creation only.
    package var secretAccessKey: String?
    package var name: String
    /// Sorted.
    package var scopes: [TokenScope]
    /// Sorted; absent when it is for all functions.
    package var functions: [String]?
    /// Sorted; absent when it is for all namespaces.
    package var namespaces: [String]?
    package var createdAt: Date
    /// Absent when it does not expire.
    package var expiresAt: Date?
    package var lastUsedAt: Date?

    package enum CodingKeys: String, CodingKey {
        case id, token, name, scopes, functions, namespaces
        case secretAccessKey = "secret_access_key"
        case createdAt = "created_at"
        case expiresAt = "expires_at"
        case lastUsedAt = "last_used_at"
    }

    package init(id: String, name: String, scopes: [TokenScope], createdAt: Date) {
        self.id = id
        self.name = name
        self.scopes = scopes
        self.createdAt = createdAt
    }
}

/// The body of POST /v1/tokens.
package struct AccessTokenCreation: StrictBody {
    /// For people; at most ``nameBytesMax`` bytes.
    package var name: String?
    /// At least one; absent: `invoke`.
    package var scopes: [TokenScope]?
    /// Limits the token to these functions; absent or empty: all.
    package var functions: [String]?
    /// Limits the token to the functions and secrets of these namespaces; absent or empty: all.
    package var namespaces: [String]?
    /// How long it lasts, such as `30d`; absent: until it is revoked.
    package var expires: TimeSpan?

    package static let keys = KeyTree.object(
        ["name", "scopes", "functions", "namespaces", "expires"].map { .init($0) }
    )

    /// A name is one cell of a table.
    package static let nameBytesMax = 128
    /// Functions of one token; for more, a token of all functions is as good.
    package static let functionsMax = 64
    /// Namespaces of one token.
    package static let namespacesMax = 64

    package init() {}
}
