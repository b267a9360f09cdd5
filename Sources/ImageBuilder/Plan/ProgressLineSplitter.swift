// SPDX-License-Identifier: Apache-2.0
// Pieces of output into lines for progress events. Pure.

/// Cuts a stream of bytes into lines.
struct ProgressLineSplitter {
    /// Bytes of one line; a longer one is cut, because a command may write no end of line at all.
    static let lineLimit = 8 << 10

    private var rest: [UInt8] = []

    /// The lines that are whole now.
    mutating func add(_ bytes: [UInt8]) -> [String] {
        var lines: [String] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") || rest.count >= Self.lineLimit { lines += finish() }
            if byte != UInt8(ascii: "\n") { rest.append(byte) }
        }
        return lines
    }

    /// What is left at the end, if anything.
    ///
    /// A carriage return means that the line was rewritten.
    mutating func finish() -> [String] {
        defer { rest = [] }
        var line = rest[...]
        if line.last == UInt8(ascii: "\r") { line = line.dropLast() }
        let last = line.split(separator: UInt8(ascii: "\r"), omittingEmptySubsequences: false).last ?? []
        return rest.isEmpty ? [] : [String(decoding: last, as: UTF8.self)]
    }
}
