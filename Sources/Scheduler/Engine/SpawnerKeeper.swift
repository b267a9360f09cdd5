// SPDX-License-Identifier: Apache-2.0
// Keeps a spawner alive: starts one, gives it to the fleet, starts another when it dies. Engine owns one.

import Dispatch
import Logging
import Sandbox
import Synchronization

/// How long to wait before the next attempt to start a spawner, as a pure value.
struct RestartBackoff: Hashable, Sendable {
    static let first = Duration.milliseconds(100)
    /// Callers wait for the spawner in their queues, ten seconds by default: longer makes no sense.
    static let longest = Duration.seconds(10)
    /// One that lived this long did not die of its start.
    static let stableAfter = Duration.seconds(60)

    private var attempts = 0

    /// A spawner died, or could not start.
    ///
    /// - Parameter lifetime: how long it had lived; zero when it did not start.
    /// - Returns: the wait before the next attempt.
    mutating func died(after lifetime: Duration) -> Duration {
        attempts = lifetime >= Self.stableAfter ? 0 : attempts
        defer { attempts += 1 }
        return min(Self.first * (1 << min(attempts, 16)), Self.longest)
    }
}

/// Owns the spawner of a gateway.
final class SpawnerKeeper: Sendable {
    private struct Storage {
        var spawner: Spawner?
        var startedAt = ContinuousClock.now
        var backoff = RestartBackoff()
        var isStopped = false
        var restart: Task<Void, Never>?
    }

    /// Spare slots for functions without a sandbox: first calls, and rarely called functions.
    ///
    /// A few: each is made again within milliseconds, and holds half a megabyte while it waits.
    private static let spareSlots = 4

    private let dataDirectory: String
    private let warden: Warden?
    private let fleet: Fleet
    private let logger: Logger
    private let storage = Mutex(Storage())

    init(dataDirectory: String, warden: Warden? = nil, fleet: Fleet, logger: Logger) {
        self.dataDirectory = dataDirectory
        self.warden = warden
        self.fleet = fleet
        self.logger = logger
    }

    /// The spawner as it is now; nil before the start, after the end and while another is being started.
    var current: Spawner? { storage.withLock { $0.spawner } }

    var findings: [HostFinding] { current?.findings ?? [] }

    /// Starts the first spawner; returns when the host is probed.
    func start() async throws(SandboxError) {
        let spawner = try await make()
        let isStopped = storage.withLock { storage in
            storage.spawner = spawner
            storage.startedAt = .now
            return storage.isStopped
        }
        if isStopped { return await spawner.stop() }
        spawner.onDeath { [weak self] in self?.died() }
        fleet.attach(spawner)
        spawner.keepSpares(Self.spareSlots)
    }

    /// Ends it and everything below it.
    ///
    /// Idempotent.
    func stop() async {
        let (spawner, restart) = storage.withLock { storage in
            storage.isStopped = true
            defer { storage.spawner = nil }
            return (storage.spawner, storage.restart)
        }
        restart?.cancel()
        await restart?.value
        await spawner?.stop()
    }

    private func died() {
        let (spawner, wait) = storage.withLock { storage -> (Spawner?, Duration?) in
            guard !storage.isStopped else { return (nil, nil) }
            defer { storage.spawner = nil }
            return (storage.spawner, storage.backoff.died(after: .now - storage.startedAt))
        }
        guard let wait else { return }
        logger.error("The spawner died; every running invocation is lost, another one is started")
        fleet.detach()
        // Its supervisor still exists, and may be a child of this process, which has to reap it.
        Task { await spawner?.stop() }
        restart(after: wait)
    }

    private func restart(after wait: Duration) {
        let task = Task { [weak self] in
            do { try await Task.sleep(for: wait) } catch { return }
            guard let self else { return }
            do throws(SandboxError) {
                try await start()
                logger.notice("A new spawner is up")
            } catch {
                logger.error("The spawner does not start", metadata: ["reason": "\(error)"])
                guard !storage.withLock({ $0.isStopped }) else { return }
                restart(after: storage.withLock { $0.backoff.died(after: .zero) })
            }
        }
        storage.withLock { $0.restart = task }
    }

    /// Starting blocks for up to ten seconds: not on the cooperative pool.
    private func make() async throws(SandboxError) -> Spawner {
        let result = await withCheckedContinuation { continuation in
            DispatchQueue.global().async { [dataDirectory, warden, logger] in
                continuation.resume(
                    returning: Result { () throws(SandboxError) in
                        if let warden { return try Spawner(warden: warden, logger: logger) }
                        return try Spawner(dataDirectory: dataDirectory, logger: logger)
                    }
                )
            }
        }
        return try result.get()
    }
}
