// SPDX-License-Identifier: Apache-2.0
// What a program that was started ahead writes to stdout and stderr: kept until its invocation is known, then that
// invocation's log. StartedProgram drives it.

import NIOCore
import Synchronization

/// Collects the output of one started program for a log.
final class ProgramLog: Sendable {
    /// Output that is kept until there is an invocation: a banner and some warnings; more is dropped.
    static let keptBytesMax = 16 << 10
    /// The end of it that an error repeats.
    static let tailBytesMax = 1 << 10

    private struct State {
        var kept = ByteBuffer()
        /// Weak: an invocation keeps its sandbox, which keeps this.
        weak var invocation: RunningInvocation?
        var isAssigned = false
    }

    private let state = Mutex(State())

    /// The program wrote.
    ///
    /// Does not block; called from any thread.
    func write(_ bytes: ByteBuffer) {
        let invocation = state.withLock { state -> RunningInvocation? in
            guard !state.isAssigned else { return state.invocation }
            let room = Self.keptBytesMax - state.kept.readableBytes
            if let part = bytes.getSlice(at: bytes.readerIndex, length: min(room, bytes.readableBytes)) {
                state.kept.writeImmutableBuffer(part)
            }
            return nil
        }
        invocation?.standardError(bytes)
    }

    /// What it writes is the invocation's from now on, and so is what was kept.
    func assign(to invocation: RunningInvocation) {
        let kept = state.withLock { state in
            state.isAssigned = true
            state.invocation = invocation
            defer { state.kept = ByteBuffer() }
            return state.kept
        }
        if kept.readableBytes > 0 { invocation.standardError(kept) }
    }

    /// The invocation is over: what it writes from now on is kept for the next one.
    func unassign() {
        state.withLock { state in
            state.isAssigned = false
            state.invocation = nil
        }
    }

    /// The last of what was kept, for an error's text; nil when there is nothing.
    var tail: String? {
        let kept = state.withLock { $0.kept }
        guard kept.readableBytes > 0 else { return nil }
        let bytes = kept.readableBytesView.suffix(Self.tailBytesMax)
        return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).joined(
            separator: " | "
        )
    }
}

/// How fast a program's stdout is read as log: a program that writes without end must not keep the gateway busy.
struct LogPace: Sendable {
    /// As much as one invocation's log holds is read without a pause.
    static let freeBytes = LogSplitter.invocationBytesMax
    /// The pause after each further piece of at most 64 KiB: 6 MiB per second at most.
    static let pause = Duration.milliseconds(10)

    private var readBytes = 0

    /// A piece was read.
    ///
    /// - Returns: how long to wait before the next; nil for not at all.
    mutating func pause(after bytes: Int) -> Duration? {
        readBytes = min(readBytes + bytes, Self.freeBytes + 1)
        return readBytes > Self.freeBytes ? Self.pause : nil
    }
}
