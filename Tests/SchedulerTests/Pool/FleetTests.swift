// SPDX-License-Identifier: Apache-2.0
// The pools' driver over a spawner without containers.

import FunctionModel
import Logging
import Sandbox
import Synchronization
import Testing

@testable import Scheduler

@Suite struct FleetTests {
    private let spawner = FakeSpawner()
    private let timer = DeadlineTimer()

    private func fleet(sandboxesMax: Int = 8) -> Fleet {
        Fleet(sandboxesMax: sandboxesMax, timer: timer, logger: .silent)
    }

    private let plan = SandboxPlan(rootfs: "/nowhere", hostname: "f")

    @Test("the first lease waits for a sandbox, later ones find one warm")
    func coldAndWarm() async throws {
        let fleet = fleet()
        fleet.attach(spawner)
        let pool = fleet.add(plan, settings())
        let first = try await fleet.lease(pool)
        #expect(!first.isWarm)
        fleet.end(first, isReusable: true)
        #expect(await eventually { fleet.status(pool)?.warm == 2 })
        let second = try await fleet.lease(pool)
        #expect(second.isWarm)
        #expect(fleet.status(pool)?.running == 1)
        fleet.end(second, isReusable: true)
    }

    @Test("a caller over the limits waits its time in the queue and is refused")
    func queueWait() async throws {
        let fleet = fleet()
        fleet.attach(spawner)
        var settings = settings(concurrency: 1)
        settings.queueWait = .milliseconds(20)
        let pool = fleet.add(plan, settings)
        let lease = try await fleet.lease(pool)
        await #expect(throws: PoolRefusal.busy) { _ = try await fleet.lease(pool) }
        fleet.end(lease, isReusable: true)
    }

    @Test("a cancelled caller leaves the queue")
    func cancelled() async throws {
        let fleet = fleet()
        let pool = fleet.add(plan, settings())
        let task = Task { () throws(PoolRefusal) -> Lease in try await fleet.lease(pool) }
        #expect(await eventually { fleet.status(pool)?.waiting == 1 })
        task.cancel()
        let result = await task.result
        #expect(throws: PoolRefusal.cancelled) { _ = try result.get() }
        #expect(fleet.status(pool)?.waiting == 0)
    }

    @Test("a slot without a caller shares the empty network, one that a caller waits for does not")
    func rest() async throws {
        let fleet = fleet()
        fleet.attach(spawner)
        let reserve = fleet.add(plan, settings(warmMin: 2))
        #expect(await eventually { fleet.status(reserve)?.warm == 2 })
        #expect(spawner.counts.withLock { $0.inEmptyNetwork } == 2)
        let other = fleet.add(plan, settings())
        fleet.end(try await fleet.lease(other), isReusable: true)
        #expect(await eventually { spawner.counts.withLock { $0.launched } == 4 })
        #expect(spawner.counts.withLock { $0.inEmptyNetwork } == 2)
    }

    @Test("a failed set-up is reported with step and errno")
    func failure() async throws {
        let fleet = fleet()
        fleet.attach(spawner)
        spawner.failure.withLock { $0 = .setup(step: "mount proc", errorNumber: 1) }
        let pool = fleet.add(plan, settings())
        await #expect {
            _ = try await fleet.lease(pool)
        } throws: { error in
            guard case .cannotStart(let reason) = error as? PoolRefusal else { return false }
            return reason.contains("mount proc") && reason.contains("errno 1")
        }
        #expect(fleet.status(pool)?.failure?.contains("mount proc") == true)
    }

    @Test("a sandbox that fails gives its slot back")
    func makingFailure() async throws {
        let fleet = fleet()
        fleet.attach(spawner)
        spawner.makingFailure.withLock { $0 = .setup(step: "clone", errorNumber: 11) }
        let pool = fleet.add(plan, settings())
        await #expect(throws: PoolRefusal.self) { _ = try await fleet.lease(pool) }
        #expect(await eventually { spawner.counts.withLock { $0.launched == $0.retired } })
    }

    @Test("after the spawner's death callers are served by the next one")
    func spawnerDeath() async throws {
        let fleet = fleet()
        fleet.attach(spawner)
        let pool = fleet.add(plan, settings())
        let lost = try await fleet.lease(pool)
        fleet.detach()
        fleet.end(lost, isReusable: false)
        let task = Task { () throws(PoolRefusal) -> Lease in try await fleet.lease(pool) }
        #expect(await eventually { fleet.status(pool)?.waiting == 1 })
        fleet.attach(FakeSpawner())
        let lease = try await task.value
        fleet.end(lease, isReusable: true)
    }

    @Test("a warm sandbox that dies is replaced without a call")
    func standingLost() async throws {
        let spawner = FakeSpawner(keepsFirst: true)
        let fleet = fleet()
        fleet.attach(spawner)
        let pool = fleet.add(plan, settings(warmMin: 1))
        #expect(await eventually { fleet.status(pool)?.warm == 1 })
        let first = try #require(spawner.first.withLock { $0 })
        first.dieUnused()
        #expect(await eventually { spawner.counts.withLock { $0.launched } == 2 })
        #expect(await eventually { fleet.status(pool)?.warm == 1 })
        #expect(spawner.counts.withLock { $0.retired } == 1)
    }

    @Test("a drain ends when the last invocation has, and everything is given back")
    func drain() async throws {
        let fleet = fleet()
        fleet.attach(spawner)
        let pool = fleet.add(plan, settings(warmMin: 2))
        let lease = try await fleet.lease(pool)
        let drain = Task { await fleet.drain() }
        #expect(await eventually { fleet.storage.withLock { $0.state.isDraining } })
        await #expect(throws: PoolRefusal.closed) { _ = try await fleet.lease(pool) }
        fleet.end(lease, isReusable: true)
        await drain.value
        #expect(await eventually { spawner.counts.withLock { $0.launched == $0.retired } })
        #expect(fleet.status(pool) == nil)
    }

    @Test("two hundred callers of three functions on a small host are all served")
    func crowd() async throws {
        let fleet = fleet(sandboxesMax: 4)
        fleet.attach(spawner)
        let pools = (0..<3).map { _ in fleet.add(plan, settings(queue: 200)) }
        let served = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask {
                    // A refusal counts as not served.
                    guard let lease = try? await fleet.lease(pools[number % 3]) else { return false }
                    await Task.yield()
                    fleet.end(lease, isReusable: number % 7 != 0)
                    return true
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(served == 200)
        await fleet.drain()
        #expect(await eventually { spawner.counts.withLock { $0.launched == $0.retired } })
    }
}

@Suite struct DeadlineTimerTests {
    @Test("actions run after their deadline, cancelled ones do not")
    func fires() async {
        let timer = DeadlineTimer()
        let sink = FiredList()
        let cancelled = timer.schedule(at: .now + .milliseconds(30)) { sink.add("cancelled") }
        _ = timer.schedule(at: .now + .milliseconds(40)) { sink.add("late") }
        _ = timer.schedule(at: .now + .milliseconds(10)) { sink.add("early") }
        timer.cancel(cancelled)
        #expect(await eventually { sink.all == ["early", "late"] })
    }
}
