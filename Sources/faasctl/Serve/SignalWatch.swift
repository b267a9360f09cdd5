// SPDX-License-Identifier: Apache-2.0
// SIGTERM and SIGINT for `serve`: the first one ends gracefully, the second one at once.

import Dispatch
import Foundation
import Synchronization

/// Turns termination signals into one event.
final class SignalWatch: Sendable {
    private let count = Mutex(0)
    private let first: AsyncStream<Int32>
    private let continuation: AsyncStream<Int32>.Continuation
    /// SAFETY: dispatch sources are thread-safe objects; the array is written once, in init.
    nonisolated(unsafe) private let sources: [any DispatchSourceSignal]

    /// What a shell expects of a process that a signal ended: 128 plus SIGINT.
    static let immediateExitCode: Int32 = 130

    /// Takes the signals over from the system.
    init() {
        let (stream, continuation) = AsyncStream<Int32>.makeStream()
        first = stream
        self.continuation = continuation
        // A client that closes early must not end the gateway.
        signal(SIGPIPE, SIG_IGN)
        let queue = DispatchQueue(label: "signals")
        sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            return DispatchSource.makeSignalSource(signal: number, queue: queue)
        }
        for source in sources {
            source.setEventHandler { [weak self] in self?.received(Int32(source.handle)) }
            source.activate()
        }
    }

    /// Waits for the first signal; returns at once when the task is cancelled.
    func wait() async {
        for await _ in first { return }
    }

    private func received(_ number: Int32) {
        let isFirst = count.withLock { count in
            count += 1
            return count == 1
        }
        // The spawner ends every container when this process is gone, however it goes.
        guard isFirst else { _exit(Self.immediateExitCode) }
        continuation.yield(number)
        continuation.finish()
    }
}
