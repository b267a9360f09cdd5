// SPDX-License-Identifier: Apache-2.0
// The output of a sandbox, and whether to read on: decisions without IO. OutputReaders drives it.

import NIOCore

/// The stdout side of one sandbox.
struct OutputState {
    /// Output held without a reader: the response buffer's size, so that a slow reader slows the function.
    static let bufferedBytesMax = 64 * 1024

    enum Piece: Hashable {
        /// Nothing yet.
        case wait
        case bytes(ByteBuffer)
        case end
    }

    private var buffer = ByteBuffer()
    /// Bytes that an unanswered ``collect(upTo:)`` takes.
    private var collectMax: Int?
    /// How PID 1 ended, once it was reaped.
    private(set) var report: ExitReport?
    private var isEnded = false
    /// The invocation is over, its program is not; until the next one.
    private var isReturned = false

    /// How the invocation ended: with PID 1, or before it.
    var ending: ExitReport? { report ?? (isReturned ? ExitReport(ending: .returned) : nil) }

    /// Whether more should be read from the pipe now.
    var wantsMore: Bool {
        guard !isEnded else { return false }
        return buffer.readableBytes < max(Self.bufferedBytesMax, (collectMax ?? -1) + 1)
    }

    /// More stdout, or with nil its end.
    mutating func received(_ bytes: ByteBuffer?) {
        if var bytes {
            buffer.writeBuffer(&bytes)
        } else {
            isEnded = true
        }
    }

    /// PID 1 was reaped; the first report counts.
    mutating func exited(_ report: ExitReport) {
        if self.report == nil { self.report = report }
    }

    /// The invocation is over, and its program runs on.
    mutating func returned() { isReturned = true }

    /// The program is an invocation's, perhaps once more.
    mutating func assigned() { isReturned = false }

    /// All of stdout and the exit, or what is here when that is more than a limit.
    ///
    /// - Parameter limit: in bytes; as long as it waits, stdout is read up to one byte more.
    /// - Returns: nil when more has to come first: ask again after each event.
    mutating func collect(upTo limit: Int) -> WarmSandbox.Collected? {
        if isEnded, let report {
            collectMax = nil
            return .complete(takeBuffer(), report)
        }
        guard buffer.readableBytes > limit else {
            collectMax = limit
            return nil
        }
        collectMax = nil
        return .open(takeBuffer())
    }

    /// What is here of stdout.
    mutating func piece() -> Piece {
        collectMax = nil
        if buffer.readableBytes > 0 { return .bytes(takeBuffer()) }
        return isEnded ? .end : .wait
    }

    private mutating func takeBuffer() -> ByteBuffer {
        let taken = buffer
        buffer = ByteBuffer()
        return taken
    }
}
