// SPDX-License-Identifier: Apache-2.0
// Splits output into lines for progress events. Pure.

/// Splits a stream of bytes into lines.
struct ProgressLineSplitter {
    /// Bytes of one line; a longer one is split, because a command may write no line terminator.
    static let lineLimit = 8 << 10

    private var rest: [UInt8] = []

    /// The lines that are complete now.
    mutating func add(_ bytes: [UInt8]) -> [String] {
        var lines: [String] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") || rest.count >= Self.lineLimit { lines += finish() }
            if byte != UInt8(ascii: "\n") { rest.append(byte) }
        }
        return lines
    }

    /// The incomplete last line, if there is one.
    ///
    /// A carriage return means that the program replaced the line.
    mutating func finish() -> [String] {
        defer { rest = [] }
        var line = rest[...]
        if line.last == UInt8(ascii: "\r") { line = line.dropLast() }
        let last = line.split(separator: UInt8(ascii: "\r"), omittingEmptySubsequences: false).last ?? []
        return rest.isEmpty ? [] : [String(decoding: last, as: UTF8.self)]
    }
}
