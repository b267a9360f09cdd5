// SPDX-License-Identifier: Apache-2.0
// Folders and files besides the image that a container gets. ContainerRequest holds them.

/// A folder or file of the gateway's host, or a named volume, in a container.
package struct ContainerVolume: Hashable, Sendable, Codable {
    /// A path of the gateway's host, which begins with `/`; else the name of a volume.
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

    /// Whether the source is the name of a volume.
    package var isNamed: Bool { !source.hasPrefix("/") }

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

/// An empty file system in memory in a container.
package struct ContainerMemoryFolder: Hashable, Sendable, Codable {
    /// Absolute, in the container.
    package var target: String
    package var size: ByteCount

    /// The size where none is given: as the /dev/shm of Docker's containers.
    package static let sizeDefault = ByteCount.mebibytes(64)

    package enum CodingKeys: String, CodingKey, CaseIterable { case target, size }

    package init(target: String, size: ByteCount = sizeDefault) {
        self.target = target
        self.size = size
    }

    /// Parses `DST` or `DST:size=64m`; `rw`, `nosuid`, `nodev` and `noexec` hold without being asked for or are refused.
    ///
    /// - Throws: ``ModelError`` for other text.
    package init(_ text: String) throws(ModelError) {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        guard let target = parts.first, target.hasPrefix("/") else {
            throw ModelError(field: "tmpfs", value: text, expected: "an absolute path, or PATH:size=64m")
        }
        self.init(target: target)
        for option in parts.dropFirst().flatMap({ $0.split(separator: ",") }) {
            if ["rw", "nosuid", "nodev"].contains(option) { continue }
            guard option.hasPrefix("size=") else {
                throw ModelError(field: "tmpfs", value: text, expected: "no option besides size=")
            }
            size = try DockerSize.bytes(String(option.dropFirst(5)), field: "tmpfs")
        }
    }
}

/// Sizes as Docker's flags have them: `64m` is 64 mebibytes.
package enum DockerSize {
    private static let units: [Character: Int] = ["k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40]

    /// Parses `64m`, `1g`, `512k`, `100b`, plain bytes, and Mayfly's own `64Mi`.
    ///
    /// - Throws: ``ModelError``.
    package static func bytes(_ text: String, field: String) throws(ModelError) -> ByteCount {
        var digits = text.lowercased()
        if digits.hasSuffix("i") { return try ByteCount(text, field: field) }
        if digits.hasSuffix("b") { digits.removeLast() }
        var unit = 1
        if let last = digits.last, let factor = units[last] {
            unit = factor
            digits.removeLast()
        }
        guard let number = Int(digits), number > 0, number <= Int.max / unit else {
            throw ModelError(field: field, value: text, expected: "a size such as 64m or 1g")
        }
        return ByteCount(bytes: number * unit)
    }
}
