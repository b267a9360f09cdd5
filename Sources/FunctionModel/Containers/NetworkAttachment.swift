// SPDX-License-Identifier: Apache-2.0
// A container's place in a network, as its request has it; names of networks.

/// One network that a container is in.
package struct NetworkAttachment: Hashable, Sendable, Codable {
    /// The network's name.
    package var name: String
    /// Names of the container in this network, besides its own.
    package var aliases: [String] = []

    /// Networks of one container: each is an address in its network namespace.
    package static let countMax = 8
    /// Further names of one container in one network; every member reads them in its /etc/hosts.
    package static let aliasesMax = 16
    /// As in the DNS (RFC 1035): resolvers refuse a longer label.
    package static let aliasLengthMax = 63

    package enum CodingKeys: String, CodingKey, CaseIterable { case name, aliases }

    package init(name: String, aliases: [String] = []) {
        self.name = name
        self.aliases = aliases
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        name = try values.decode(String.self, forKey: .name)
        aliases = try values.decodeIfPresent([String].self, forKey: .aliases) ?? []
    }

    /// Checks the attachments of one container.
    ///
    /// - Throws: ``ModelError`` naming the field.
    static func validate(_ all: [NetworkAttachment]) throws(ModelError) {
        guard all.count <= countMax else {
            throw ModelError(
                field: "networks",
                value: "\(all.count)",
                expected: "at most \(countMax) networks"
            )
        }
        var names: Set<String> = []
        for attachment in all {
            let name = try NetworkName.checked(attachment.name)
            guard names.insert(name).inserted else {
                throw ModelError(field: "network", value: name, expected: "each network once")
            }
            guard attachment.aliases.count <= aliasesMax else {
                let value = "\(attachment.aliases.count)"
                throw ModelError(field: "aliases", value: value, expected: "at most \(aliasesMax) names")
            }
            for alias in attachment.aliases where !isHostName(alias) {
                let expected = "1 to \(aliasLengthMax) letters, digits, '-', '_' or '.'"
                throw ModelError(field: "alias", value: alias, expected: expected)
            }
        }
    }

    /// Whether a text can stand in a line of /etc/hosts as a name.
    private static func isHostName(_ text: String) -> Bool {
        (1...aliasLengthMax).contains(text.utf8.count) && ContainerName.isMadeOfAllowed(text)
    }
}

/// Names of networks.
package enum NetworkName {
    /// Words of Docker that mean something else than a network of this gateway.
    private static let reserved = ["none", "egress", "host", "bridge", "default"]

    /// Checks a name by the rule of containers.
    ///
    /// - Parameters:
    ///   - text: the name.
    ///   - field: what it names, for the error.
    /// - Returns: the name.
    /// - Throws: ``ModelError``.
    package static func checked(_ text: String, field: String = "network") throws(ModelError) -> String {
        if let expected = refusal(of: text) {
            throw ModelError(field: field, value: text, expected: expected)
        }
        return try ContainerName.checked(text, field: field)
    }

    /// Why a word is no network; nil for a name.
    private static func refusal(of text: String) -> String? {
        if text == "host" { return "a network of the gateway: no container is in the host's network" }
        if text.hasPrefix("container:") {
            return "a network of the gateway: every container has a network namespace of its own"
        }
        return reserved.contains(text) ? "a name other than \(reserved.joined(separator: ", "))" : nil
    }
}
