// SPDX-License-Identifier: Apache-2.0
// Which lines of a container's log a reader gets: decisions without IO. ContainerLogReader drives it.

import FoundationEssentials

/// Cuts pieces of a log into lines and chooses those of a span of time.
struct ContainerLogSelection {
    private let since: [UInt8]?
    private let until: [UInt8]?
    /// The beginning of a line whose end is still to come; a line is bounded by ``LogLineState/lineBytesMax``.
    private var rest: [UInt8] = []
    private var skipped = 0

    /// - Parameters:
    ///   - since: lines from this moment on; nil for the first.
    ///   - until: lines up to this moment; nil for the last.
    init(since: Date?, until: Date?) {
        self.since = since.map { Array(LogLineState.time($0).utf8) }
        self.until = until.map { Array(LogLineState.time($0).utf8) }
    }

    /// Leaves out so many of the next wanted lines.
    mutating func skip(_ count: Int) { skipped = count }

    /// Takes the next bytes of a file.
    ///
    /// - Returns: the wanted lines that are whole now.
    mutating func take(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var lines: [UInt8] = []
        each(bytes) { line, skipped in
            if skipped > 0 { skipped -= 1 } else { lines += line }
        }
        return lines
    }

    /// Takes the next bytes of a file.
    ///
    /// - Returns: how many wanted lines became whole.
    mutating func count(_ bytes: ArraySlice<UInt8>) -> Int {
        var count = 0
        each(bytes) { _, _ in count += 1 }
        return count
    }

    /// Nothing more comes of this file: a line that has no end there, after a crash, gets none of another.
    mutating func fileEnded() { rest = [] }

    private mutating func each(_ bytes: ArraySlice<UInt8>, _ body: (ArraySlice<UInt8>, inout Int) -> Void) {
        let all = rest.isEmpty ? bytes : (rest + bytes)[...]
        var start = all.startIndex
        while let end = all[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = all[start...end]
            start = end + 1
            guard let time = LogLineState.time(of: line) else { continue }
            if let since, time.lexicographicallyPrecedes(since) { continue }
            if let until, until.lexicographicallyPrecedes(time) { continue }
            body(line, &skipped)
        }
        rest = Array(all[start...])
    }
}
