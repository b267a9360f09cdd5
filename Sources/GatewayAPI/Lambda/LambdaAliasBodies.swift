// SPDX-License-Identifier: Apache-2.0
// Aliases as AWS Lambda's clients send and read them.

package import FunctionModel

/// Versions that get a part of an alias's calls.
package struct LambdaRouting: Codable, Hashable, Sendable {
    /// From 0 to 1, by the number of a version.
    package var weights: [String: Double]?

    package enum CodingKeys: String, CodingKey, CaseIterable { case weights = "AdditionalVersionWeights" }

    package init(weights: [String: Double]) { self.weights = weights }

    static let keys = KeyTree.object([.init("AdditionalVersionWeights", .map)])
}

/// The body of CreateAlias.
package struct LambdaAliasCreation: StrictBody {
    package var name: String
    package var version: String
    package var description: String?
    package var routing: LambdaRouting?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case name = "Name"
        case version = "FunctionVersion"
        case description = "Description"
        case routing = "RoutingConfig"
    }

    package static let keys = KeyTree.object(of: CodingKeys.self) {
        $0 == .routing ? LambdaRouting.keys : .value
    }
}

/// The body of UpdateAlias.
package struct LambdaAliasUpdate: StrictBody {
    package var version: String?
    package var description: String?
    package var routing: LambdaRouting?
    package var revisionID: String?

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case version = "FunctionVersion"
        case description = "Description"
        case routing = "RoutingConfig"
        case revisionID = "RevisionId"
    }

    package static let keys = KeyTree.object(of: CodingKeys.self) {
        $0 == .routing ? LambdaRouting.keys : .value
    }
}

/// An alias.
package struct LambdaAliasBody: Codable, Hashable, Sendable {
    package var aliasArn: String
    package var name: String
    package var functionVersion: String
    package var description = ""
    package var routingConfig: [String: [String: Double]]?
    package var revisionId: String

    package init(aliasArn: String, name: String, functionVersion: String, revisionId: String) {
        self.aliasArn = aliasArn
        self.name = name
        self.functionVersion = functionVersion
        self.revisionId = revisionId
    }
}

/// One page of ListAliases.
package struct LambdaAliasPage: Codable, Hashable, Sendable {
    package var aliases: [LambdaAliasBody]
    package var nextMarker: String?

    package init(aliases: [LambdaAliasBody], nextMarker: String?) {
        self.aliases = aliases
        self.nextMarker = nextMarker
    }
}
