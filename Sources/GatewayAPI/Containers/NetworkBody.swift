// SPDX-License-Identifier: Apache-2.0
// A network of containers as JSON. Gateway writes it; faasctl reads it.

package import FoundationEssentials
package import FunctionModel

/// One network.
package struct NetworkBody: Hashable, Sendable, Codable {
    /// A container in it, running or not.
    package struct Member: Hashable, Sendable, Codable {
        package var id: String
        package var name: String
        package var address: String

        package init(id: String, name: String, address: String) {
            self.id = id
            self.name = name
            self.address = address
        }
    }

    /// 64 hexadecimal digits.
    package var id: String
    package var name: String
    /// Its addresses, such as 172.30.1.0/24.
    package var subnet: String
    package var labels: [String: String]
    package var createdAt: Date
    package var containers: [Member]

    package enum CodingKeys: String, CodingKey {
        case id, name, subnet, labels, containers
        case createdAt = "created_at"
    }

    package init(
        id: String,
        name: String,
        subnet: String,
        labels: [String: String],
        createdAt: Date,
        containers: [Member]
    ) {
        self.id = id
        self.name = name
        self.subnet = subnet
        self.labels = labels
        self.createdAt = createdAt
        self.containers = containers
    }
}

/// The request that creates a network.
package struct NetworkRequest: Hashable, Sendable, StrictBody {
    package var name: String
    package var labels: [String: String]?

    package enum CodingKeys: String, CodingKey, CaseIterable { case name, labels }

    package static let keys = KeyTree.object(of: CodingKeys.self) { $0 == .labels ? .map : .value }

    package init(name: String, labels: [String: String]? = nil) {
        self.name = name
        self.labels = labels
    }
}

/// The request that puts a container into a network.
package struct ConnectRequest: Hashable, Sendable, StrictBody {
    /// A container's name or id.
    package var container: String
    /// Further names of it there.
    package var aliases: [String]?

    package enum CodingKeys: String, CodingKey, CaseIterable { case container, aliases }

    package static let keys = KeyTree.object(of: CodingKeys.self)

    package init(container: String, aliases: [String]? = nil) {
        self.container = container
        self.aliases = aliases
    }
}

/// The request that takes a container out of a network.
package struct DisconnectRequest: Hashable, Sendable, StrictBody {
    /// A container's name or id.
    package var container: String
    /// Also while it is paused.
    package var force: Bool?

    package enum CodingKeys: String, CodingKey, CaseIterable { case container, force }

    package static let keys = KeyTree.object(of: CodingKeys.self)

    package init(container: String, force: Bool? = nil) {
        self.container = container
        self.force = force
    }
}

/// A container's place in a network.
package struct NetworkPlaceBody: Hashable, Sendable, Codable {
    package var name: String
    package var address: String
    package var aliases: [String]

    package init(name: String, address: String, aliases: [String]) {
        self.name = name
        self.address = address
        self.aliases = aliases
    }
}
