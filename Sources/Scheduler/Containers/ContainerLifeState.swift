// SPDX-License-Identifier: Apache-2.0
// Where one container is between its creation and its removal: decisions without IO. Container drives it.

import FunctionModel

/// The life of a container.
struct ContainerLifeState: Hashable, Sendable {
    enum Phase: Hashable, Sendable {
        /// Created or ended.
        case resting
        /// As resting; its files are copied through a sandbox that executes nothing.
        case copying
        /// Its sandbox is being made.
        case starting
        case running
        case paused
        /// It has ended, and starts again by its policy.
        case waiting
        case removed
    }

    private(set) var phase = Phase.resting
    /// Starts by the policy since the last start by a person.
    private(set) var restartCount: Int
    /// Whether a person ended it after its last start.
    private(set) var isStopped: Bool
    private let policy: RestartPolicy
    private let isRemovedAtEnd: Bool
    private var delay = RestartDelay()
    /// The end of this run was asked for: no policy follows.
    private var isEndWanted = false
    private var isRemovalWanted = false
    /// The gateway ends: nothing starts any more.
    private var isGatewayEnding = false
    /// The start under way was the policy's.
    private var startsByPolicy = false

    /// - Parameters:
    ///   - policy: when it starts again.
    ///   - isRemovedAtEnd: `--rm`.
    ///   - restartCount: as stored.
    ///   - isStopped: as stored.
    init(policy: RestartPolicy, isRemovedAtEnd: Bool, restartCount: Int = 0, isStopped: Bool = false) {
        self.policy = policy
        self.isRemovedAtEnd = isRemovedAtEnd
        self.restartCount = restartCount
        self.isStopped = isStopped
    }

    // MARK: Start

    enum Start: Hashable {
        case start
        /// It runs, is paused, or starts again by itself.
        case isActive
        /// Its files are being copied: two sandboxes must not have one layer.
        case isCopying
        case isRemoved
        /// The gateway would end before it could stop this run.
        case isGatewayEnding
    }

    /// A person starts it.
    mutating func startRequested() -> Start {
        if isGatewayEnding { return .isGatewayEnding }
        switch phase {
        case .resting: break
        case .removed: return .isRemoved
        case .copying: return .isCopying
        default: return .isActive
        }
        phase = .starting
        restartCount = 0
        isStopped = false
        isEndWanted = false
        startsByPolicy = false
        return .start
    }

    /// Its program executes.
    ///
    /// - Returns: whether its end was asked for meanwhile.
    mutating func started() -> Bool {
        guard phase == .starting else { return true }
        phase = .running
        return isEndWanted
    }

    // MARK: Copies

    enum Copy: Hashable {
        /// ``copyEnded()`` follows.
        case begin
        /// It has processes, or is about to have some.
        case isActive
        case isCopying
        case isRemoved
    }

    /// Its files are to be copied while it rests.
    mutating func copyRequested() -> Copy {
        switch phase {
        case .resting:
            phase = .copying
            return .begin
        case .copying: return .isCopying
        case .removed: return .isRemoved
        default: return .isActive
        }
    }

    /// The sandbox of a copy is gone.
    mutating func copyEnded() { if phase == .copying { phase = .resting } }

    // MARK: End

    enum End: Hashable {
        case rest
        case remove
        case restart(after: Duration)
    }

    /// PID 1 is gone, or could not be started.
    ///
    /// - Parameters:
    ///   - exitCode: as Docker counts it.
    ///   - span: how long it ran.
    /// - Returns: what follows.
    mutating func ended(exitCode: Int32, ranFor span: Duration) -> End {
        let hasRun = phase == .running || phase == .paused
        phase = .resting
        if isRemovalWanted || isRemovedAtEnd {
            phase = .removed
            return .remove
        }
        // A first start that failed is reported to the person who asked for it.
        guard !isEndWanted, hasRun || startsByPolicy, allows(exitCode) else { return .rest }
        phase = .waiting
        restartCount += 1
        return .restart(after: delay.next(afterRunOf: span))
    }

    /// The pause before the next start is over.
    ///
    /// - Returns: whether it starts; false when its end was asked for meanwhile.
    mutating func delayEnded() -> Bool {
        guard phase == .waiting else { return false }
        phase = .starting
        startsByPolicy = true
        return true
    }

    private func allows(_ exitCode: Int32) -> Bool {
        switch policy {
        case .no: false
        case .always, .unlessStopped: true
        case .onFailure(let max): exitCode != 0 && max.map { restartCount < $0 } ?? true
        }
    }

    /// The gateway has started.
    ///
    /// - Parameters:
    ///   - hasRun: it has been started at all.
    ///   - exitCode: of its last end.
    /// - Returns: whether it is started now.
    mutating func restored(hasRun: Bool, exitCode: Int32) -> Bool {
        let isDue =
            switch policy {
            case .no: false
            case .always: hasRun
            case .unlessStopped: hasRun && !isStopped
            case .onFailure: hasRun && !isStopped && allows(exitCode)
            }
        guard isDue, phase == .resting, !isGatewayEnding else { return false }
        phase = .starting
        startsByPolicy = true
        return true
    }

    // MARK: Requests

    enum Stop: Hashable {
        case signal
        case thawAndSignal
        /// It waited for its next start, and rests now.
        case rests
        /// As soon as it has started.
        case whenStarted
        case nothing
    }

    /// A person, or with `forever` false the gateway's own end, asks for its end.
    mutating func stopRequested(forever: Bool = true) -> Stop {
        if forever { isStopped = true } else { isGatewayEnding = true }
        switch phase {
        case .resting, .copying, .removed: return .nothing
        case .starting:
            isEndWanted = true
            return .whenStarted
        case .running, .paused:
            isEndWanted = true
            return phase == .paused ? .thawAndSignal : .signal
        case .waiting:
            phase = .resting
            return .rests
        }
    }

    enum Kill: Hashable {
        case signal
        case thawAndSignal
        case isNotRunning
    }

    /// A signal for PID 1.
    ///
    /// - Parameter endsIt: it is SIGKILL or its stop signal, after which no policy follows.
    /// - Returns: what to do first.
    mutating func killRequested(endsIt: Bool) -> Kill {
        guard phase == .running || phase == .paused else { return .isNotRunning }
        if endsIt {
            isEndWanted = true
            isStopped = true
        }
        return phase == .paused && endsIt ? .thawAndSignal : .signal
    }

    enum Freeze: Hashable {
        case change
        case isSoAlready
        case isNotRunning
    }

    /// Its processes have to stop where they are; ``frozen()`` or ``thawed()`` follows.
    func pauseRequested() -> Freeze {
        switch phase {
        case .running: .change
        case .paused: .isSoAlready
        default: .isNotRunning
        }
    }

    /// Its processes go on.
    func resumeRequested() -> Freeze {
        switch phase {
        case .paused: .change
        case .running: .isSoAlready
        default: .isNotRunning
        }
    }

    /// It is frozen now, unless it has ended meanwhile.
    mutating func frozen() { if phase == .running { phase = .paused } }

    /// It goes on now, unless it has ended meanwhile.
    mutating func thawed() { if phase == .paused { phase = .running } }

    enum Removal: Hashable {
        case remove
        /// At the end that SIGKILL brings.
        case killFirst
        /// It is active, and was not asked to be ended.
        case isActive(ContainerStatus)
        /// Its files are being copied.
        case isCopying
        case isRemoved
    }

    /// It is to be removed.
    ///
    /// - Parameter force: its processes are killed first.
    /// - Returns: what to do, or why it stays.
    mutating func removalRequested(force: Bool) -> Removal {
        switch phase {
        case .removed: return .isRemoved
        case .copying: return .isCopying
        case .resting:
            phase = .removed
            return .remove
        case .waiting where force:
            phase = .removed
            return .remove
        case .waiting: return .isActive(.restarting)
        case .starting, .running, .paused:
            guard force else { return .isActive(phase == .paused ? .paused : .running) }
            isRemovalWanted = true
            isEndWanted = true
            return .killFirst
        }
    }

    /// Docker's word.
    func status(hasRun: Bool) -> ContainerStatus {
        switch phase {
        case .resting, .copying: hasRun ? .exited : .created
        case .starting: startsByPolicy ? .restarting : hasRun ? .exited : .created
        case .running: .running
        case .paused: .paused
        case .waiting: .restarting
        case .removed: .dead
        }
    }
}
