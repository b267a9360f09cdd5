// SPDX-License-Identifier: Apache-2.0
// What happens to containers, for everyone who watches. Containers owns one.

package import FoundationEssentials
import FunctionModel
import FunctionStore
import Synchronization

/// Something that happened to a container.
package struct ContainerEvent: Hashable, Sendable {
    /// What happened, in Docker's words.
    package enum Action: String, Hashable, Sendable {
        case create, start, die, stop, kill, restart, pause, unpause, rename, destroy, oom, commit
        case healthy = "health_status: healthy"
        case unhealthy = "health_status: unhealthy"
        case starting = "health_status: starting"
    }

    package var time: Date
    package var action: Action
    package var id: String
    package var name: String
    package var image: String
    /// Of `die`.
    package var exitCode: Int32?
}

/// Hands events out; a watcher that does not read loses the oldest ones.
final class ContainerEvents: Sendable {
    /// Events that wait for a watcher.
    static let waitingMax = 1024
    /// More are a mistake: each is a connection.
    static let watchersMax = 64

    private struct Storage {
        var watchers: [UInt64: AsyncStream<ContainerEvent>.Continuation] = [:]
        var last: UInt64 = 0
    }

    private let state = Mutex(Storage())

    /// Everything from now on; nil when there are too many watchers.
    func watch() -> AsyncStream<ContainerEvent>? {
        let (stream, watcher) = AsyncStream<ContainerEvent>.makeStream(
            bufferingPolicy: .bufferingNewest(Self.waitingMax)
        )
        let number: UInt64? = state.withLock { state in
            guard state.watchers.count < Self.watchersMax else { return nil }
            state.last += 1
            state.watchers[state.last] = watcher
            return state.last
        }
        guard let number else { return nil }
        watcher.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.watchers.removeValue(forKey: number) }
        }
        return stream
    }

    func tell(_ action: ContainerEvent.Action, _ container: StoredContainer) {
        let event = ContainerEvent(
            time: Date(),
            action: action,
            id: container.id,
            name: container.name,
            image: container.request.image,
            exitCode: action == .die ? container.condition.exitCode : nil
        )
        for watcher in state.withLock({ Array($0.watchers.values) }) { watcher.yield(event) }
    }

    /// The gateway ends.
    func end() {
        let watchers = state.withLock { state in
            defer { state.watchers = [:] }
            return Array(state.watchers.values)
        }
        for watcher in watchers { watcher.finish() }
    }
}

extension Containers {
    /// What happens from now on; nil when there are too many watchers.
    package func events() -> AsyncStream<ContainerEvent>? { rooms.events.watch() }
}
