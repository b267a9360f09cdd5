// SPDX-License-Identifier: Apache-2.0
// Which ports of a container are published on the host, in Docker's notation.

/// One port that is to be published; coded as its text.
package struct PortMapping: Hashable, Sendable, Codable {
    /// What the port carries.
    package enum Transport: String, Hashable, Sendable, Codable {
        case tcp, udp
    }

    /// Where the gateway listens; nil: at every address of the host.
    package var address: String?
    /// Nil: a free one.
    package var hostPort: UInt16?
    package var containerPort: UInt16
    package var transport: Transport

    package init(
        containerPort: UInt16,
        transport: Transport = .tcp,
        hostPort: UInt16? = nil,
        address: String? = nil
    ) {
        self.containerPort = containerPort
        self.transport = transport
        self.hostPort = hostPort
        self.address = address
    }

    /// Parses `[[IP:][HOST]:]CONTAINER[/tcp|/udp]`; an address of IPv6 is in brackets.
    ///
    /// - Throws: ``ModelError`` for other text.
    package init(_ text: String) throws(ModelError) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let transport = parts.count == 2 ? Transport(rawValue: String(parts[1])) : .tcp else {
            throw Self.mistake(text, "/tcp or /udp at its end")
        }
        var rest = parts[0]
        var address: String?
        if rest.first == "[", let end = rest.firstIndex(of: "]") {
            address = String(rest[rest.index(after: rest.startIndex)..<end])
            rest = rest[rest.index(after: end)...]
            guard rest.first == ":" else { throw Self.mistake(text, Self.form) }
            rest = rest.dropFirst()
        }
        var numbers = rest.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        if numbers.count == 3, address == nil { address = numbers.removeFirst() }
        guard (1...2).contains(numbers.count), address == nil || numbers.count == 2, address != "" else {
            throw Self.mistake(text, Self.form)
        }
        if numbers.contains(where: { $0.contains("-") }) {
            throw Self.mistake(text, "one port; for a range repeat the option")
        }
        guard let container = Self.port(numbers[numbers.count - 1]) else {
            throw Self.mistake(text, Self.form)
        }
        var host: UInt16?
        if numbers.count == 2, !["", "0"].contains(numbers[0]) {
            guard let number = Self.port(numbers[0]) else { throw Self.mistake(text, Self.form) }
            host = number
        }
        self.init(containerPort: container, transport: transport, hostPort: host, address: address)
    }

    private static let form = "[[IP:][HOST]:]CONTAINER[/tcp|/udp] with ports from 1 to 65535"

    private static func port(_ text: String) -> UInt16? {
        guard text.utf8.allSatisfy({ (48...57).contains($0) }), let number = UInt16(text), number > 0 else {
            return nil
        }
        return number
    }

    private static func mistake(_ text: String, _ expected: String) -> ModelError {
        ModelError(field: "port", value: text, expected: expected)
    }

    /// As ``init(_:)`` reads it.
    package var text: String {
        let place = address.map { ($0.contains(":") ? "[\($0)]" : $0) + ":" } ?? ""
        let host = hostPort.map { "\($0):" } ?? (address == nil ? "" : ":")
        return place + host + "\(containerPort)/" + transport.rawValue
    }

    package init(from decoder: any Decoder) throws {
        try self.init(try decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// One port that is published.
package struct PublishedPort: Hashable, Sendable, Codable {
    /// `0.0.0.0` and `::` are every address.
    package var address: String
    package var hostPort: UInt16
    package var containerPort: UInt16
    package var transport: PortMapping.Transport

    package enum CodingKeys: String, CodingKey {
        case address
        case hostPort = "host_port"
        case containerPort = "container_port"
        case transport
    }

    package init(_ mapping: PortMapping, address: String, hostPort: UInt16) {
        self.address = address
        self.hostPort = hostPort
        containerPort = mapping.containerPort
        transport = mapping.transport
    }

    /// `80/tcp`.
    package var inside: String { "\(containerPort)/\(transport.rawValue)" }
    /// `0.0.0.0:8080`.
    package var outside: String {
        (address.contains(":") ? "[\(address)]" : address) + ":\(hostPort)"
    }
}
