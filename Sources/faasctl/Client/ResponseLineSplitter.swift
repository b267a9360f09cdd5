// SPDX-License-Identifier: Apache-2.0
// Newline-delimited answers (logs, build progress), cut into lines as pieces arrive.

import Foundation

/// Collects bytes until a line is whole.
struct ResponseLineSplitter: Sendable {
    /// A longer line is handed over in parts: memory stays bounded for any input.
    static let lineBytesMax = 1 << 20

    private var rest = Data()

    /// Takes a piece and returns the lines it completes, without their line breaks and without empty ones.
    mutating func append(_ piece: Data) -> [Data] {
        rest.append(piece)
        var lines = rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let last = lines.popLast() ?? Data()
        rest = Data(last)
        if rest.count > Self.lineBytesMax { lines.append(rest.drained()) }
        return lines.filter { !$0.isEmpty }.map { Data($0) }
    }

    /// What came after the last line break.
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
