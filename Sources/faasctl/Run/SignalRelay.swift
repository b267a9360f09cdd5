// SPDX-License-Identifier: Apache-2.0
// Passes signals of faasctl on to the container. AttachedRun makes one.

import Dispatch
import Foundation
import Synchronization

/// Passes signals on during its lifetime.
final class SignalRelay: Sendable {
    /// Signals of users and shells; SIGWINCH reports a change of the window's size.
    private static let relayed = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH]
    /// Requests to end after which the next one ends faasctl, and the container with it.
    private static let patience = 2
    private static let signalBase: Int32 = 128

    private let stops = Mutex(0)
    private let relay: @Sendable (Int32) -> Void
    /// SAFETY: dispatch sources are thread-safe objects; the array is written once, in init.
    nonisolated(unsafe) private let sources: [any DispatchSourceSignal]

    init(_ relay: @escaping @Sendable (Int32) -> Void) {
        self.relay = relay
        let queue = DispatchQueue(label: "signals")
        sources = Self.relayed.map { number in
            signal(number, SIG_IGN)
            return DispatchSource.makeSignalSource(signal: number, queue: queue)
        }
        for source in sources {
            source.setEventHandler { [weak self] in self?.received(Int32(source.handle)) }
            source.activate()
        }
    }

    /// Ends the relay.
    func end() { for source in sources { source.cancel() } }

    private func received(_ number: Int32) {
        if number == SIGINT || number == SIGTERM {
            let count = stops.withLock { stops in
                stops += 1
                return stops
            }
            if count > Self.patience {
                TerminalMode.restore()
                _exit(Self.signalBase + number)
            }
        }
        relay(number)
    }
}
