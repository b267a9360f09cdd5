// SPDX-License-Identifier: Apache-2.0
// Ends idle connections: after the idle time, and earlier where a listener has as many as it may. GatewayChannel adds
// each connection; ConnectionGate asks for room.

import NIOCore
import Synchronization

/// The open connections of one listener, and which of them wait for no answer.
///
/// One timer of the listener looks at all of them: a timer for each connection would cost every other one, because NIO
/// looks through all timers of a loop to cancel one. Without room made at the limit, as many silent clients as it would
/// keep everybody else out for the whole idle time.
final class IdleConnections: Sendable {
    /// Connections that have been idle for less than this stay.
    ///
    /// A browser's or a pool's next request comes within it more often than not.
    static let idleMin = TimeAmount.seconds(5)
    /// Which part of the limit is closed at once: going through all connections is paid once for so many new ones.
    private static let share = 64
    /// The shortest time between two looks: connections end at most so much later than they have to.
    private static let pause = TimeAmount.seconds(1)

    private struct Storage {
        var open: [ObjectIdentifier: (channel: any Channel, connection: Connection)] = [:]
        var isFull = false
        /// For the next look while there is no room.
        var isWaiting = false
        /// Whether a look for expired ones is due.
        var isTimed = false

        var ages: [(id: ObjectIdentifier, since: NIODeadline?)] {
            open.map { (id: $0.key, since: $0.value.connection.idleSince) }
        }
    }

    private let countMax: Int
    private let idleTime: TimeAmount
    private let state = Mutex(Storage())

    /// - Parameters:
    ///   - countMax: connections of the listener at once.
    ///   - idleTime: how long a connection may serve no request before it ends.
    init(countMax: Int, idleTime: TimeAmount) {
        self.countMax = countMax
        self.idleTime = idleTime
    }

    /// Keeps a connection until it is closed, and ends it once it has been idle for the idle time.
    func add(_ channel: any Channel, _ connection: Connection) {
        let id = ObjectIdentifier(channel)
        let isFirst = state.withLock { state in
            state.open[id] = (channel, connection)
            defer { state.isTimed = true }
            return !state.isTimed
        }
        if isFirst { lookForExpired(in: idleTime, on: channel.eventLoop) }
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

    private func lookForExpired(in delay: TimeAmount, on loop: any EventLoop) {
        loop.scheduleTask(in: delay) { [self] in
            let now = NIODeadline.now()
            let (expired, next) = state.withLock { state in
                let look = Self.expired(state.ages, now: now, after: idleTime)
                state.isTimed = look.next != nil
                return (look.ids.compactMap { state.open[$0]?.channel }, look.next)
            }
            Self.end(expired)
            if let next { lookForExpired(in: max(next - now, min(Self.pause, idleTime)), on: loop) }
        }
    }

    private func endOldest() {
        let now = NIODeadline.now()
        let ended = state.withLock { state in
            let chosen = Self.oldest(state.ages, now: now, atMost: max(1, countMax / Self.share))
            return chosen.compactMap { state.open[$0]?.channel }
        }
        Self.end(ended)
    }

    /// Closes them only where no request has come meanwhile, and with HTTP/2's own farewell.
    private static func end(_ channels: [any Channel]) {
        for channel in channels {
            channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
    }

    /// Those whose idle time is over, and when the next ones can be.
    ///
    /// - Parameters:
    ///   - connections: with the time since which they are idle; nil while one serves a request.
    ///   - now: the time.
    ///   - idleTime: how long a connection may be idle.
    /// - Returns: the expired ones, and the time of the next look; no time where no other connection is left.
    static func expired<ID>(
        _ connections: [(id: ID, since: NIODeadline?)],
        now: NIODeadline,
        after idleTime: TimeAmount
    ) -> (ids: [ID], next: NIODeadline?) {
        var ids: [ID] = []
        var next: NIODeadline?
        for connection in connections {
            // One that serves a request now is idle from now on at the earliest.
            let end = (connection.since ?? now) + idleTime
            if end <= now {
                ids.append(connection.id)
            } else {
                next = min(next ?? end, end)
            }
        }
        return (ids, next)
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
