// SPDX-License-Identifier: Apache-2.0
// What a caller asks of one attached container. faasctl sends it, Gateway decodes it, Scheduler runs it.

/// A folder or file of the gateway's host in a container.
package struct ContainerVolume: Hashable, Sendable, Codable {
    /// Absolute, on the gateway's host.
    package var source: String
    /// Absolute, in the container.
    package var target: String
    package var readOnly: Bool

    package enum CodingKeys: String, CodingKey, CaseIterable { case source, target, readOnly = "read_only" }

    package init(source: String, target: String, readOnly: Bool) {
        self.source = source
        self.target = target
        self.readOnly = readOnly
    }

    /// Parses `SRC:DST` or `SRC:DST:ro`.
    ///
    /// - Throws: ``ModelError`` for other text.
    package init(_ text: String) throws(ModelError) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let mode = parts.count == 3 ? parts[2] : "rw"
        guard (2...3).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }), ["ro", "rw"].contains(mode)
        else { throw ModelError(field: "volume", value: text, expected: "SRC:DST or SRC:DST:ro") }
        self.init(source: parts[0], target: parts[1], readOnly: mode == "ro")
    }
}

/// One container, attached to its caller; it ends when the caller disconnects.
package struct ContainerRequest: Hashable, Sendable, Codable {
    /// Reference of an image that the image store holds.
    package var image: String
    /// Replaces the image's CMD.
    package var command: [String]?
    /// Replaces the image's ENTRYPOINT, and its CMD with it.
    package var entrypoint: [String]?
    /// `NAME=value` each; they override the image's.
    package var environment: [String] = []
    package var volumes: [ContainerVolume] = []
    package var network = NetworkMode.none
    /// Whether it gets a terminal.
    package var hasTerminal = false
    /// Whether the caller sends input; else its stdin is empty.
    package var hasInput = false
    /// The terminal's size at the start.
    package var rows: UInt16 = 24
    package var columns: UInt16 = 80

    /// Every key of the coded form.
    package static let keys = KeyTree.object(of: CodingKeys.self) { key in
        key == .volumes ? .list(.object(of: ContainerVolume.CodingKeys.self)) : .value
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case image, command, entrypoint, environment, volumes, network, rows, columns
        case hasTerminal = "tty"
        case hasInput = "stdin"
    }

    package init(image: String) { self.image = image }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        image = try values.decode(String.self, forKey: .image)
        command = try values.decodeIfPresent([String].self, forKey: .command)
        entrypoint = try values.decodeIfPresent([String].self, forKey: .entrypoint)
        environment = try values.decodeIfPresent([String].self, forKey: .environment) ?? environment
        volumes = try values.decodeIfPresent([ContainerVolume].self, forKey: .volumes) ?? volumes
        network = try values.decodeIfPresent(NetworkMode.self, forKey: .network) ?? network
        hasTerminal = try values.decodeIfPresent(Bool.self, forKey: .hasTerminal) ?? hasTerminal
        hasInput = try values.decodeIfPresent(Bool.self, forKey: .hasInput) ?? hasInput
        rows = try values.decodeIfPresent(UInt16.self, forKey: .rows) ?? rows
        columns = try values.decodeIfPresent(UInt16.self, forKey: .columns) ?? columns
    }
}
