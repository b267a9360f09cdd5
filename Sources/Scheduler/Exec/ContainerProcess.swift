// SPDX-License-Identifier: Apache-2.0
// One process of a container, from the texts that proc(5) describes. Pure; ProcessList reads them.

package import FoundationEssentials

/// A process, in the container's own numbers and names.
package struct ContainerProcess: Hashable, Sendable {
    /// What /proc has of one process.
    struct Texts {
        var stat: String
        var status: String
        /// From the container's numbers to those of the reader.
        var userMap: String
        /// Arguments, each with a NUL behind it.
        var command: [UInt8]
    }

    /// What the numbers of /proc are counted in.
    struct Units {
        var ticksPerSecond: Int
        var pageBytes: Int
        /// Seconds since the host's start.
        var uptime: Double
        var now: Date
    }

    /// Major numbers of pseudo terminals (Linux: devices.txt).
    private static let terminalMajors = 136...143

    package let id: Int32
    /// 0 for PID 1, and for what entered the container.
    package let parentID: Int32
    /// A name of the image, or a number.
    package internal(set) var user: String
    /// A letter of proc(5).
    package let state: String
    package let name: String
    package let arguments: [String]
    package let terminal: String?
    package let startedAt: Date
    package let ageMilliseconds: Double
    package let cpuMilliseconds: Double
    package let threadCount: Int
    package let virtualBytes: Int
    package let residentBytes: Int
    /// In the container's numbers.
    let userID: UInt32

    /// Reads the texts; nil when one of them is not as proc(5) has it, because the process has just ended.
    init?(_ texts: Texts, _ units: Units) {
        // The name may contain any byte, also parentheses, and what joins them to one character.
        let stat = texts.stat.unicodeScalars
        guard let open = stat.firstIndex(of: "("), let close = stat.lastIndex(of: ")"),
            open < close, let id = Int32(String(stat[..<open].dropLast()))
        else { return nil }
        let fields = String(stat[stat.index(after: close)...]).split(whereSeparator: \.isWhitespace)
        guard fields.count > 21, let parent = Int32(fields[1]), let terminal = Int(fields[4]),
            let user = Int(fields[11]), let system = Int(fields[12]), let threads = Int(fields[17]),
            let start = Int(fields[19]), let size = Int(fields[20]), let pages = Int(fields[21]),
            let outside = Self.effectiveUser(texts.status), fields[0].utf8.count == 1
        else { return nil }
        let age = max(0, units.uptime - Double(start) / Double(units.ticksPerSecond))
        self.id = id
        parentID = parent
        state = String(fields[0])
        name = String(stat[stat.index(after: open)..<close])
        arguments = Self.arguments(texts.command)
        self.terminal = Self.terminal(terminal)
        startedAt = units.now - age
        ageMilliseconds = age * 1000
        cpuMilliseconds = Double(user + system) * 1000 / Double(units.ticksPerSecond)
        threadCount = threads
        virtualBytes = size
        residentBytes = pages * units.pageBytes
        userID = Self.inside(outside, texts.userMap)
        self.user = "\(userID)"
    }

    /// Arguments of a process that are listed: a process can have thousands of empty ones, a text each.
    static let argumentsMax = 64

    /// None for a process that has ended; the last one may be cut off.
    private static func arguments(_ bytes: [UInt8]) -> [String] {
        guard !bytes.isEmpty else { return [] }
        var parts = bytes.split(separator: 0, maxSplits: argumentsMax, omittingEmptySubsequences: false)
        if bytes.last == 0, parts.last?.isEmpty == true { parts.removeLast() }
        return parts.prefix(argumentsMax).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The second number of the line `Uid:`.
    private static func effectiveUser(_ status: String) -> UInt32? {
        let line = status.split(separator: "\n").first { $0.hasPrefix("Uid:") }
        return line.flatMap { line in
            let fields = line.split(whereSeparator: \.isWhitespace)
            return fields.count > 2 ? UInt32(fields[2]) : nil
        }
    }

    /// The container's number of a user; one that the map does not have is given as it is.
    private static func inside(_ outside: UInt32, _ map: String) -> UInt32 {
        for line in map.split(separator: "\n") {
            let fields = line.split(whereSeparator: \.isWhitespace).compactMap { UInt32($0) }
            guard fields.count == 3, outside >= fields[1], outside - fields[1] < fields[2] else { continue }
            return fields[0] &+ (outside - fields[1])
        }
        return outside
    }

    /// The name of a terminal by its device number; nil for none.
    private static func terminal(_ device: Int) -> String? {
        guard device != 0 else { return nil }
        let major = device >> 8 & 0xfff
        let minor = device & 0xff | device >> 12 & 0xfff00
        guard terminalMajors.contains(major) else { return "\(major):\(minor)" }
        return "pts/\((major - terminalMajors.lowerBound) << 8 + minor)"
    }
}
