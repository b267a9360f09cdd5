// SPDX-License-Identifier: Apache-2.0
// Lets every other connection of an event loop have its turn between two pieces of streamed output. GatewayChannel
// makes one for each loop; FunctionStreaming and FunctionHandler ask it.

import NIOCore
import Synchronization

/// Turns of the streams of one event loop.
///
/// NIO looks at its sockets only when no task is left to run. A function that writes as fast as the client reads
/// makes a task of each piece, one after the other without end, and all other connections of the loop would wait for
/// it.
final class StreamTurns: Sendable {
    /// Between two pieces of all streams of a loop.
    ///
    /// Long enough that the loop is not due again when its tasks are done, so that it looks at its sockets; short
    /// enough that pieces of 64 KiB, at some 40 µs of work for each, still make about a gigabyte a second.
    private static let pause = TimeAmount.microseconds(10)

    /// Rounds of the loop's tasks between the beginning of a turn and that of its pause.
    ///
    /// A piece takes several tasks, of which each adds the next one: its writing, and its flush where the client has
    /// just taken more. A pause that began before the last of them would be over when that is done. A
    /// round costs less than a microsecond, so there are some more than one piece has tasks.
    private static let roundsOfTurn = 8

    private let loop: any EventLoop
    private let storage = Mutex(Storage())

    private struct Storage: ~Copyable {
        var state = StreamTurnState()
        var waiting: [StreamTurnState.Ticket: CheckedContinuation<Void, Never>] = [:]
    }

    init(_ loop: any EventLoop) { self.loop = loop }

    /// Suspends until it is the caller's turn to send one piece; nothing has to be given back.
    func next() async {
        await withCheckedContinuation { continuation in
            let isFirst = storage.withLock { storage in
                switch storage.state.asked() {
                case .go: return true
                case .wait(let ticket):
                    storage.waiting[ticket] = continuation
                    return false
                }
            }
            if isFirst { start(continuation) }
        }
    }

    /// The pause begins behind the work of the turn, however long that takes: all are tasks of the loop, in this order.
    private func start(_ turn: CheckedContinuation<Void, Never>) {
        turn.resume()
        pause(after: Self.roundsOfTurn)
    }

    private func pause(after rounds: Int) {
        loop.execute { [self] in
            guard rounds <= 1 else { return pause(after: rounds - 1) }
            // A loop that is shut down also resumes its waiters, so that none waits for ever.
            loop.scheduleTask(in: Self.pause) {}.futureResult.whenComplete { [self] _ in
                if let next = pauseEnded() { start(next) }
            }
        }
    }

    private func pauseEnded() -> CheckedContinuation<Void, Never>? {
        storage.withLock { storage in
            storage.state.pauseEnded().flatMap { storage.waiting.removeValue(forKey: $0) }
        }
    }
}
