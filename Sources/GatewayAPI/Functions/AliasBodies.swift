// SPDX-License-Identifier: Apache-2.0
// Aliases and kept revisions of a function. Gateway fills them in; alias and describe read them.

package import FoundationEssentials
package import FunctionModel

/// One revision of an alias.
package struct AliasTarget: Codable, Hashable, Sendable {
    package var revision: Int
    /// In percent; a request may leave out one of them, which gets what the others leave.
    package var weight: Double?

    package init(revision: Int, weight: Double?) {
        self.revision = revision
        self.weight = weight
    }
}

/// The body of PUT /v1/functions/NAME/aliases/ALIAS.
package struct AliasChange: StrictBody {
    package var revisions: [AliasTarget]

    package static let keys = KeyTree.object([
        .init("revisions", .list(.object([.init("revision"), .init("weight")])))
    ])

    package init(revisions: [AliasTarget]) { self.revisions = revisions }
}

/// An alias, as the gateway answers it.
package struct AliasBody: Codable, Hashable, Sendable {
    package var name: String
    /// By revision.
    package var revisions: [AliasTarget]

    package init(_ alias: FunctionAlias) {
        name = alias.name.text
        revisions = alias.targets.map { AliasTarget(revision: $0.revision, weight: $0.share.percent) }
    }

    /// `2=90 3=10`.
    package var shares: String {
        revisions.map { target in
            let weight = target.weight ?? 0
            let text = weight == weight.rounded() ? "\(Int(weight))" : "\(weight)"
            return "\(target.revision)=\(text)"
        }.joined(separator: " ")
    }
}

/// One revision that a function keeps.
package struct RevisionBody: Codable, Hashable, Sendable {
    package var revision: Int
    package var image: String
    package var createdAt: Date
    /// The names of the aliases that lead to it.
    package var aliases: [String]

    package init(_ revision: Revision, aliases: [FunctionAlias]) {
        self.revision = revision.number
        image = revision.imageReference
        createdAt = revision.createdAt
        self.aliases = aliases.filter { $0.targets.contains { $0.revision == revision.number } }.map(
            \.name.text
        )
    }
}
