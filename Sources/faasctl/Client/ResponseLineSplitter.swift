// SPDX-License-Identifier: Apache-2.0
// Splits newline-delimited answers (logs, build progress) into lines while pieces arrive.

import Foundation

/// Collects bytes until a line is complete.
struct ResponseLineSplitter: Sendable {
    /// A longer line is returned in parts, so that memory is bounded.
    static let lineBytesMax = 1 << 20

    private var rest = Data()

    /// Adds a piece and returns the lines that it completes, without line breaks and without empty lines.
    mutating func append(_ piece: Data) -> [Data] {
        rest.append(piece)
        var lines = rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let last = lines.popLast() ?? Data()
        rest = Data(last)
        if rest.count > Self.lineBytesMax { lines.append(rest.drained()) }
        return lines.filter { !$0.isEmpty }.map { Data($0) }
    }

    /// The bytes after the last line break.
    mutating func finish() -> Data? {
        let last = rest.drained()
        return last.isEmpty ? nil : last
    }
}

extension Data {
    fileprivate mutating func drained() -> Data {
        defer { self = Data() }
        return self
    }
}
