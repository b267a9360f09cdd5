// SPDX-License-Identifier: Apache-2.0
// The output of a sandbox, its waiter, and whether to read on: decisions without IO. WarmSandbox drives it.

import NIOCore

/// The stdout side of one sandbox.
struct OutputState: ~Copyable {
    /// Output held without a reader: the response buffer's size, so that a slow reader slows the function.
    static let bufferedBytesMax = 64 * 1024

    enum Waiter: Sendable {
        case none
        case collect(limit: Int, CheckedContinuation<WarmSandbox.Collected, Never>)
        case piece(CheckedContinuation<ByteBuffer?, Never>)
    }

    /// The waiter to resume, outside the lock.
    enum Wake: Sendable {
        case none
        case collect(CheckedContinuation<WarmSandbox.Collected, Never>, WarmSandbox.Collected)
        case piece(CheckedContinuation<ByteBuffer?, Never>, ByteBuffer?)
        case exit(CheckedContinuation<ExitReport, Never>, ExitReport)

        func resume() {
            switch self {
            case .none: break
            case .collect(let continuation, let value): continuation.resume(returning: value)
            case .piece(let continuation, let value): continuation.resume(returning: value)
            case .exit(let continuation, let value): continuation.resume(returning: value)
            }
        }
    }

    private var buffer = ByteBuffer()
    private var waiter = Waiter.none
    /// Separate from ``waiter``: one caller awaits the end while another one reads.
    private var exitWaiter: CheckedContinuation<ExitReport, Never>?
    private var report: ExitReport?
    private(set) var isEnded = false

    /// Whether more should be read from the pipe now.
    var wantsMore: Bool {
        guard !isEnded else { return false }
        if case .collect(let limit, _) = waiter, limit >= buffer.readableBytes { return true }
        return buffer.readableBytes < Self.bufferedBytesMax
    }

    /// More stdout, or with nil its end.
    mutating func received(_ bytes: ByteBuffer?) -> Wake {
        if var bytes {
            buffer.writeBuffer(&bytes)
        } else {
            isEnded = true
        }
        return satisfied()
    }

    /// PID 1 was reaped.
    mutating func exited(_ report: ExitReport) -> Wake {
        if self.report == nil { self.report = report }
        return satisfied()
    }

    /// A caller waits for the end only; answered at once after the end.
    mutating func waitForExit(_ continuation: CheckedContinuation<ExitReport, Never>) -> Wake {
        exitWaiter = continuation
        return exitTold()
    }

    /// The waiter for the end, once it has come.
    mutating func exitTold() -> Wake {
        guard let report, let continuation = exitWaiter else { return .none }
        exitWaiter = nil
        return .exit(continuation, report)
    }

    /// A caller reads; answered at once when possible.
    mutating func wait(_ waiter: Waiter) -> Wake {
        self.waiter = waiter
        return satisfied()
    }

    private mutating func satisfied() -> Wake {
        switch waiter {
        case .none: return .none
        case .collect(let limit, let continuation):
            if isEnded, let report {
                return taken(.collect(continuation, .complete(takeBuffer(), report)))
            }
            guard buffer.readableBytes > limit else { return .none }
            return taken(.collect(continuation, .open(takeBuffer())))
        case .piece(let continuation):
            if buffer.readableBytes > 0 { return taken(.piece(continuation, takeBuffer())) }
            return isEnded ? taken(.piece(continuation, nil)) : .none
        }
    }

    private mutating func taken(_ wake: Wake) -> Wake {
        waiter = .none
        return wake
    }

    private mutating func takeBuffer() -> ByteBuffer {
        let taken = buffer
        buffer = ByteBuffer()
        return taken
    }
}
