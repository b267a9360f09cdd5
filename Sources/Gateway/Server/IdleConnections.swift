// SPDX-License-Identifier: Apache-2.0
// Makes room where a listener has as many connections as it may: the longest idle ones end. ConnectionGate asks for it.

import NIOCore
import Synchronization

/// The open connections of one listener, and which of them wait for no answer.
///
/// Without it as many silent clients as the limit keep everybody else out for the whole idle timeout.
final class IdleConnections: Sendable {
    /// Connections that have been idle for less than this stay.
    ///
    /// A browser's or a pool's next request comes within it more often than not.
    static let idleMin = TimeAmount.seconds(5)
    /// Which part of the limit is closed at once: going through all connections is paid once for so many new ones.
    private static let share = 64
    /// Between two looks while no connection is idle for long enough.
    private static let pause = TimeAmount.seconds(1)

    private struct Storage {
        var open: [ObjectIdentifier: (channel: any Channel, connection: Connection)] = [:]
        var isFull = false
        /// For the next look.
        var isWaiting = false
    }

    private let countMax: Int
    private let state = Mutex(Storage())

    /// - Parameter countMax: connections of the listener at once.
    init(countMax: Int) { self.countMax = countMax }

    /// Keeps a connection until it is closed.
    func add(_ channel: any Channel, _ connection: Connection) {
        let id = ObjectIdentifier(channel)
        state.withLock { $0.open[id] = (channel, connection) }
        channel.closeFuture.whenComplete { [self] _ in
            state.withLock { _ = $0.open.removeValue(forKey: id) }
        }
    }

    /// The listener has as many connections as it may, or fewer again.
    ///
    /// While it has, connections that are idle end, now or as soon as there are any.
    ///
    /// - Parameters:
    ///   - isFull: whether it has.
    ///   - loop: waits, where it has to.
    func setFull(_ isFull: Bool, on loop: any EventLoop) {
        state.withLock { $0.isFull = isFull }
        guard isFull else { return }
        endOldest()
        lookLater(loop)
    }

    private func lookLater(_ loop: any EventLoop) {
        let isFirst = state.withLock { state in
            defer { state.isWaiting = true }
            return !state.isWaiting
        }
        guard isFirst else { return }
        loop.scheduleTask(in: Self.pause) { [self] in
            let isFull = state.withLock { state in
                state.isWaiting = false
                return state.isFull
            }
            guard isFull else { return }
            endOldest()
            lookLater(loop)
        }
    }

    private func endOldest() {
        let now = NIODeadline.now()
        let ended = state.withLock { state in
            let idle = state.open.map { (id: $0.key, since: $0.value.connection.idleSince) }
            let chosen = Self.oldest(idle, now: now, atMost: max(1, countMax / Self.share))
            return chosen.compactMap { state.open[$0]?.channel }
        }
        // Closes it only where no request has come meanwhile, and with HTTP/2's own farewell.
        for channel in ended { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
    }

    /// Those that have been idle for the longest time, and for long enough.
    ///
    /// - Parameters:
    ///   - connections: with the time since which they are idle; nil while one serves a request.
    ///   - now: the time.
    ///   - countMax: how many at most.
    /// - Returns: the longest idle first.
    static func oldest<ID>(
        _ connections: [(id: ID, since: NIODeadline?)],
        now: NIODeadline,
        atMost countMax: Int
    ) -> [ID] {
        let idle = connections.compactMap { one in one.since.map { (id: one.id, since: $0) } }
            .filter { now - $0.since >= idleMin }
        return idle.sorted { $0.since < $1.since }.prefix(countMax).map(\.id)
    }
}
