// SPDX-License-Identifier: Apache-2.0
// Images and pools that are kept between runs, and given up when no run wants them. CodeRunner drives it.

import FunctionModel
import ImageStore
import Sandbox
import Synchronization

/// An image as runs need it.
final class RunImage: Sendable {
    let digest: Digest
    let container: ContainerImage
    let stopSignal: Int32
    /// Keeps it from garbage collection for as long as a run or this cache has it.
    private let hold: BlobLease

    init(digest: Digest, container: ContainerImage, stopSignal: Int32, hold: BlobLease) {
        self.digest = digest
        self.container = container
        self.stopSignal = stopSignal
        self.hold = hold
    }
}

/// The kept values of all runs.
final class RunPools: Sendable {
    /// An image by its content and the user that was looked up in it.
    struct ImageKey: Hashable, Sendable {
        var digest: Digest
        var user: String?
    }

    /// A pool with the image of its last run: its warm sandboxes need the image's tree.
    ///
    /// Of the last one, because an older hold protects all images that came since then.
    private struct KeptPool: Sendable {
        var pool: PoolNumber
        var image: RunImage
    }

    /// An image's tree may be removed a minute after it was last asked for: it is asked for again well before.
    static let imageTrustedFor = Duration.seconds(20)

    private struct Storage: Sendable {
        var images: [ImageKey: (image: RunImage, at: ContinuousClock.Instant)] = [:]
        var pools: RunPoolsState<SandboxPlan, KeptPool>
        var isSweepSet = false
    }

    private let fleet: Fleet
    private let timer: DeadlineTimer
    private let state: Mutex<Storage>

    init(_ fleet: Fleet, _ timer: DeadlineTimer) {
        self.fleet = fleet
        self.timer = timer
        state = Mutex(Storage(pools: RunPoolsState(runsMax: Self.runsMax(sandboxesMax: fleet.sandboxesMax))))
    }

    /// Half of the gateway's sandboxes: the other half stays for functions, whatever the holders of tokens run.
    static func runsMax(sandboxesMax: Int) -> Int { max(1, sandboxesMax / 2) }

    /// An image that was looked up a moment ago.
    func image(_ key: ImageKey) -> RunImage? {
        state.withLock { state in
            guard let found = state.images[key], ContinuousClock.now - found.at < Self.imageTrustedFor else {
                return nil
            }
            return found.image
        }
    }

    /// Keeps an image for the runs of the next moment.
    func keep(_ image: RunImage, as key: ImageKey) {
        state.withLock { state in
            let now = ContinuousClock.now
            state.images = state.images.filter { now - $0.value.at < Self.imageTrustedFor }
            if state.images.count < RunPoolsState<SandboxPlan, KeptPool>.countMax {
                state.images[key] = (image, now)
            }
        }
        setSweep(at: .now + Self.imageTrustedFor)
    }

    /// The pool of a plan, for one run.
    ///
    /// - Returns: nil when as many runs or pools as there may be are in use; else ``ended(_:)`` follows.
    func begin(_ plan: SandboxPlan, _ image: RunImage, _ settings: PoolSettings) -> PoolNumber? {
        let (pool, dropped) = state.withLock { state -> (PoolNumber?, [KeptPool]) in
            guard state.pools.hasRoomForRun else { return (nil, []) }
            if let kept = state.pools.began(plan, at: .now) {
                state.pools.renewed(plan, KeptPool(pool: kept.pool, image: image))
                return (kept.pool, [])
            }
            guard case .make(let dropped) = state.pools.roomWanted() else { return (nil, []) }
            let pool = fleet.add(plan, settings)
            state.pools.added(plan, KeptPool(pool: pool, image: image), at: .now)
            return (pool, dropped)
        }
        for kept in dropped { fleet.close(kept.pool, refusingWaiters: true) }
        return pool
    }

    /// The run has ended.
    func ended(_ plan: SandboxPlan) {
        state.withLock { $0.pools.ended(plan, at: .now) }
        setSweep(at: .now + RunPoolsState<SandboxPlan, KeptPool>.idleAfter)
    }

    private func setSweep(at instant: ContinuousClock.Instant) {
        let isFirst = state.withLock { state in
            defer { state.isSweepSet = true }
            return !state.isSweepSet
        }
        guard isFirst else { return }
        _ = timer.schedule(at: instant) { [weak self] in self?.sweep() }
    }

    private func sweep() {
        let (dropped, next) = state.withLock { state -> ([KeptPool], ContinuousClock.Instant?) in
            let now = ContinuousClock.now
            state.isSweepSet = false
            state.images = state.images.filter { now - $0.value.at < Self.imageTrustedFor }
            let (dropped, next) = state.pools.timePassed(at: now)
            let images = state.images.values.map { $0.at + Self.imageTrustedFor }.min()
            return (dropped, [next, images].compactMap { $0 }.min().map { max($0, now + .seconds(1)) })
        }
        for kept in dropped { fleet.close(kept.pool, refusingWaiters: false) }
        if let next { setSweep(at: next) }
    }
}
