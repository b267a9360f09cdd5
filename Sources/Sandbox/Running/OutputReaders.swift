// SPDX-License-Identifier: Apache-2.0
// The callers that wait for a sandbox's output or its end. WarmSandbox owns one and guards it by its lock.

import NIOCore

/// Drives an ``OutputState``: keeps one reader and the waiters for the end, and returns those to resume.
struct OutputReaders: ~Copyable {
    enum Reader: Sendable {
        case collect(limit: Int, CheckedContinuation<WarmSandbox.Collected, Never>)
        case piece(CheckedContinuation<ByteBuffer?, Never>)
    }

    /// The callers to resume, outside the lock.
    enum Wake: Sendable {
        case none
        case collect(CheckedContinuation<WarmSandbox.Collected, Never>, WarmSandbox.Collected)
        case piece(CheckedContinuation<ByteBuffer?, Never>, ByteBuffer?)
        case exit([CheckedContinuation<ExitReport, Never>], ExitReport)

        func resume() {
            switch self {
            case .none: break
            case .collect(let continuation, let value): continuation.resume(returning: value)
            case .piece(let continuation, let value): continuation.resume(returning: value)
            case .exit(let waiters, let value): waiters.forEach { $0.resume(returning: value) }
            }
        }
    }

    private var state = OutputState()
    private var reader: Reader?
    /// Separate from ``reader``: callers await the end while another one reads.
    private var exitWaiters: [CheckedContinuation<ExitReport, Never>] = []

    /// How PID 1 ended, once it was reaped.
    var report: ExitReport? { state.report }

    /// Whether more should be read from the pipe now.
    var wantsMore: Bool { state.wantsMore }

    /// A caller reads; answered at once when possible.
    mutating func wait(_ reader: Reader) -> Wake {
        self.reader = reader
        return readerWake()
    }

    /// A caller waits for the end only; answered at once after the end.
    mutating func waitForExit(_ continuation: CheckedContinuation<ExitReport, Never>) -> Wake {
        exitWaiters.append(continuation)
        return exitWake()
    }

    /// More stdout, or with nil its end.
    mutating func received(_ bytes: ByteBuffer?) -> Wake {
        state.received(bytes)
        return readerWake()
    }

    /// PID 1 was reaped; ``exitWake()`` gives the other waiters.
    mutating func exited(_ report: ExitReport) -> Wake {
        state.exited(report)
        return readerWake()
    }

    /// The invocation is over, and its program runs on.
    mutating func returned() -> Wake {
        state.returned()
        return exitWake()
    }

    /// See ``OutputState/assigned()``.
    mutating func assigned() { state.assigned() }

    /// The waiters for the end, after the end.
    mutating func exitWake() -> Wake {
        guard let report = state.ending, !exitWaiters.isEmpty else { return .none }
        defer { exitWaiters = [] }
        return .exit(exitWaiters, report)
    }

    private mutating func readerWake() -> Wake {
        switch reader {
        case .none: return .none
        case .collect(let limit, let continuation):
            guard let collected = state.collect(upTo: limit) else { return .none }
            reader = nil
            return .collect(continuation, collected)
        case .piece(let continuation):
            let bytes: ByteBuffer?
            switch state.piece() {
            case .wait: return .none
            case .bytes(let piece): bytes = piece
            case .end: bytes = nil
            }
            reader = nil
            return .piece(continuation, bytes)
        }
    }
}
