// SPDX-License-Identifier: Apache-2.0
// SIGTERM, SIGINT and SIGHUP for `serve`: the first one ends gracefully, the second one at once. With TLS, and
// without a terminal, SIGHUP loads the certificates again instead.

import Foundation

/// Turns termination signals into one event.
final class SignalWatch: Sendable {
    private let first: AsyncStream<Int32>

    /// What a shell expects of a process that a signal ended: 128 plus SIGINT.
    static let immediateExitCode: Int32 = 130

    /// Takes the signals that ``TerminationSignals/hold()`` has held back so far, and all that come.
    ///
    /// - Parameter onHangup: what SIGHUP does instead of ending the gateway; nil where it ends it.
    init(onHangup: (@Sendable () -> Void)? = nil) {
        let (stream, continuation) = AsyncStream<Int32>.makeStream()
        first = stream
        // A client that closes early must not end the gateway.
        signal(SIGPIPE, SIG_IGN)
        TerminationSignals.hold()
        // A thread of its own waits for them.
        Thread.detachNewThread {
            continuation.yield(Self.next(onHangup))
            continuation.finish()
            _ = Self.next(onHangup)
            // The spawner ends every container when this process is gone, however it goes.
            _exit(Self.immediateExitCode)
        }
    }

    /// Takes the next signal that ends the gateway; blocks.
    private static func next(_ onHangup: (@Sendable () -> Void)?) -> Int32 {
        while true {
            let number = TerminationSignals.next()
            guard number == SIGHUP, let onHangup else { return number }
            onHangup()
        }
    }

    /// Waits for the first signal; returns at once when the task is cancelled.
    func wait() async {
        for await _ in first { return }
    }
}
