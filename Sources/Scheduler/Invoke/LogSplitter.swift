// SPDX-License-Identifier: Apache-2.0
// From the bytes of stderr to bounded lines, as a pure value. RunningInvocation feeds it.

/// Splits one invocation's stderr into lines.
struct LogSplitter: Sendable {
    /// A longer line is cut into several: the size that one row of a log and one screen can take.
    static let lineBytesMax = 16 << 10
    /// Bytes of log kept of one invocation; the rest is dropped, with a note.
    ///
    /// A runaway loop must not push out
    /// the history of others.
    static let invocationBytesMax = 1 << 20
    /// What a line costs besides its text, so that empty lines are bounded too.
    static let lineOverheadBytes = 32

    private var partial: [UInt8] = []
    private var bytesLeft = invocationBytesMax
    private var isCut = false

    /// A piece of stderr was read.
    ///
    /// - Parameter bytes: the piece, of any length and split anywhere.
    /// - Returns: the lines that are complete now, without their line ends.
    mutating func received(_ bytes: some Sequence<UInt8>) -> [String] {
        guard !isCut else { return [] }
        var lines: [String] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                lines += endLine()
            } else {
                partial.append(byte)
                if partial.count == Self.lineBytesMax { lines += endLine() }
            }
            if isCut { break }
        }
        return lines
    }

    /// Stderr has ended: the last line may lack its line end.
    mutating func ended() -> [String] { partial.isEmpty ? [] : endLine() }

    private mutating func endLine() -> [String] {
        defer { partial.removeAll(keepingCapacity: true) }
        bytesLeft -= partial.count + Self.lineOverheadBytes
        guard bytesLeft >= 0 else {
            isCut = true
            return ["mayfly: the log of one invocation is cut after \(Self.invocationBytesMax >> 10) KiB"]
        }
        if partial.last == UInt8(ascii: "\r") { partial.removeLast() }
        return [String(decoding: partial, as: UTF8.self)]
    }
}
