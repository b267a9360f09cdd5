// SPDX-License-Identifier: Apache-2.0
// Ctrl-C of an attached `compose up`: the first one stops the containers, the second one kills them.

import Compose
import Dispatch
import Foundation
import GatewayAPI
import Synchronization

/// Counts SIGINT and SIGTERM during its lifetime.
final class ComposeSignals: Sendable {
    private static let numbers = [SIGINT, SIGTERM]
    /// The one after the kill ends faasctl itself.
    private static let countMax = 2
    private static let signalBase: Int32 = 128

    private let received = Mutex(0)
    private let events: AsyncStream<Int>
    private let continuation: AsyncStream<Int>.Continuation
    /// SAFETY: dispatch sources are thread-safe objects; the array is written once, in init.
    nonisolated(unsafe) private let sources: [any DispatchSourceSignal]

    init() {
        (events, continuation) = AsyncStream<Int>.makeStream()
        let queue = DispatchQueue(label: "compose-signals")
        sources = Self.numbers.map { number in
            signal(number, SIG_IGN)
            return DispatchSource.makeSignalSource(signal: number, queue: queue)
        }
        for source in sources {
            source.setEventHandler { [weak self] in self?.arrived(Int32(source.handle)) }
            source.activate()
        }
    }

    var count: Int { received.withLock { $0 } }

    /// The numbers 1 and 2, as they come.
    var arrivals: AsyncStream<Int> { events }

    func end() {
        continuation.finish()
        for source in sources { source.cancel() }
    }

    private func arrived(_ number: Int32) {
        let count = received.withLock { count in
            count += 1
            return count
        }
        if count > Self.countMax { _exit(Self.signalBase + number) }
        continuation.yield(count)
    }
}

/// Ends the containers of an attached project.
struct ComposeEnd {
    let session: ComposeSession
    let services: [String]
    let stopSeconds: Int?

    /// Stops them after the first signal, and kills them after the second one.
    func run(_ signals: ComposeSignals) async throws {
        var stopping: Task<Void, any Error>?
        for await count in signals.arrivals {
            guard count == 1 else {
                stopping?.cancel()
                try await kill()
                return
            }
            session.global.remark("stopping; Ctrl-C again kills")
            stopping = Task {
                // The logs end with the containers, and with them the command.
                defer { signals.end() }
                try await stop()
            }
        }
        try await stopping?.value
    }

    private func running() async throws -> [ObservedContainer] {
        let state = try await session.state()
        return try session.plan.containers(of: services, dependenciesFirst: false, state: state).filter(
            \.isRunning
        )
    }

    private func stop() async throws {
        let steps = ComposeSteps(session: session)
        for container in try await running() { try await steps.stop(container, seconds: stopSeconds) }
    }

    private func kill() async throws {
        let steps = ComposeSteps(session: session)
        for container in try await running() {
            try await steps.post(
                APIPattern.containerKill.path(container.id),
                "cannot kill '\(container.name)'"
            )
        }
    }
}
