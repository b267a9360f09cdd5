// SPDX-License-Identifier: Apache-2.0
// The life of a container as a value: policies, pauses, requests in any order.

import FunctionModel
import Testing

@testable import Scheduler

@Suite("The life of a container")
struct ContainerLifeStateTests {
    private func started(
        _ policy: RestartPolicy = .no,
        isRemovedAtEnd: Bool = false
    ) -> ContainerLifeState {
        var life = ContainerLifeState(policy: policy, isRemovedAtEnd: isRemovedAtEnd)
        #expect(life.startRequested() == .start)
        #expect(life.started() == false)
        return life
    }

    @Test("the pauses double up to a minute, and begin again after a run of ten seconds")
    func delays() {
        var delay = RestartDelay()
        let short = (0..<12).map { _ in delay.next(afterRunOf: .seconds(1)) }
        let expected = [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000]
        #expect(short == expected.map { .milliseconds($0) })
        #expect(delay.next(afterRunOf: .seconds(10)) == .milliseconds(100))
        #expect(delay.next(afterRunOf: .milliseconds(9999)) == .milliseconds(200))
    }

    @Test("without a policy it rests after its end, and with --rm it is removed")
    func ends() {
        var plain = started()
        #expect(plain.ended(exitCode: 1, ranFor: .seconds(1)) == .rest)
        #expect(plain.status(hasRun: true) == .exited)
        var removed = started(isRemovedAtEnd: true)
        #expect(removed.ended(exitCode: 0, ranFor: .seconds(1)) == .remove)
        #expect(removed.startRequested() == .isRemoved)
    }

    @Test("nothing starts once the gateway ends")
    func gatewayEnds() {
        var resting = ContainerLifeState(policy: .always, isRemovedAtEnd: false)
        #expect(resting.stopRequested(forever: false) == .nothing)
        #expect(resting.startRequested() == .isGatewayEnding)
        #expect(resting.restored(hasRun: true, exitCode: 0) == false)
        #expect(resting.isStopped == false)
        var running = started(.always)
        #expect(running.stopRequested(forever: false) == .signal)
        #expect(running.ended(exitCode: 0, ranFor: .seconds(1)) == .rest)
        #expect(running.startRequested() == .isGatewayEnding)
    }

    @Test("a volume is not removed while a container is made of it, nor given to one while it is removed")
    func volumeClaims() {
        var claims = VolumeClaims()
        #expect(claims.use(["a", "b"]) == .granted)
        #expect(claims.use(["a"]) == .granted)
        claims.useEnded(["a", "b"])
        #expect(claims.remove("a") == .isBusy)
        claims.useEnded(["a"])
        #expect(claims.remove("a") == .granted)
        #expect(claims.remove("a") == .isBusy)
        #expect(claims.use(["b", "a"]) == .isLeaving("a"))
        // Nothing of a refused use stays.
        #expect(claims.remove("b") == .granted)
        claims.removalEnded("a")
        claims.removalEnded("b")
        #expect(claims == VolumeClaims())
    }

    @Test("on-failure starts again after a failure only, and as often as it says")
    func onFailure() {
        var life = started(.onFailure(max: 2))
        for count in 1...2 {
            guard case .restart = life.ended(exitCode: 3, ranFor: .zero) else {
                Issue.record("no start \(count)")
                return
            }
            #expect(life.restartCount == count && life.status(hasRun: true) == .restarting)
            #expect(life.delayEnded() == true)
            #expect(life.started() == false)
        }
        #expect(life.ended(exitCode: 3, ranFor: .zero) == .rest)
        var well = started(.onFailure(max: nil))
        #expect(well.ended(exitCode: 0, ranFor: .zero) == .rest)
    }

    @Test(
        "a person's stop ends a policy, at any time of it",
        arguments: [RestartPolicy.always, .unlessStopped]
    )
    func stopped(_ policy: RestartPolicy) {
        var running = started(policy)
        #expect(running.stopRequested() == .signal)
        #expect(running.ended(exitCode: 143, ranFor: .seconds(20)) == .rest)
        #expect(running.isStopped)
        var waiting = started(policy)
        #expect(waiting.ended(exitCode: 0, ranFor: .zero) == .restart(after: .milliseconds(100)))
        #expect(waiting.stopRequested() == .rests)
        #expect(waiting.delayEnded() == false)
        #expect(waiting.status(hasRun: true) == .exited)
        var starting = ContainerLifeState(policy: policy, isRemovedAtEnd: false)
        #expect(starting.startRequested() == .start)
        #expect(starting.stopRequested() == .whenStarted)
        #expect(starting.started() == true)
        #expect(starting.ended(exitCode: 137, ranFor: .zero) == .rest)
    }

    @Test("only signals that end it end its policy")
    func kills() {
        var life = started(.always)
        #expect(life.killRequested(endsIt: false) == .signal)
        #expect(life.ended(exitCode: 1, ranFor: .zero) == .restart(after: .milliseconds(100)))
        #expect(life.killRequested(endsIt: true) == .isNotRunning)
        #expect(life.delayEnded() == true)
        #expect(life.started() == false)
        #expect(life.killRequested(endsIt: true) == .signal)
        #expect(life.ended(exitCode: 137, ranFor: .zero) == .rest)
    }

    @Test("a first start that fails follows no policy, a later one does")
    func failedStarts() {
        var life = ContainerLifeState(policy: .always, isRemovedAtEnd: false)
        #expect(life.startRequested() == .start)
        #expect(life.ended(exitCode: 126, ranFor: .zero) == .rest)
        life = started(.always)
        #expect(life.ended(exitCode: 1, ranFor: .zero) == .restart(after: .milliseconds(100)))
        #expect(life.delayEnded() == true)
        #expect(life.ended(exitCode: 126, ranFor: .zero) == .restart(after: .milliseconds(200)))
    }

    @Test("the gateway's start starts what its policy says")
    func restored() {
        func isStarted(_ policy: RestartPolicy, isStopped: Bool, hasRun: Bool = true, code: Int32 = 137)
            -> Bool
        {
            var life = ContainerLifeState(policy: policy, isRemovedAtEnd: false, isStopped: isStopped)
            return life.restored(hasRun: hasRun, exitCode: code)
        }
        #expect(isStarted(.always, isStopped: false) && isStarted(.always, isStopped: true))
        #expect(isStarted(.unlessStopped, isStopped: false) && !isStarted(.unlessStopped, isStopped: true))
        #expect(isStarted(.onFailure(max: nil), isStopped: false))
        #expect(!isStarted(.onFailure(max: nil), isStopped: false, code: 0))
        #expect(!isStarted(.no, isStopped: false) && !isStarted(.always, isStopped: false, hasRun: false))
    }

    @Test("a removal is refused while it is active, and kills when forced")
    func removals() {
        var running = started(.always)
        #expect(running.removalRequested(force: false) == .isActive(.running))
        #expect(running.removalRequested(force: true) == .killFirst)
        #expect(running.ended(exitCode: 137, ranFor: .zero) == .remove)
        #expect(running.removalRequested(force: true) == .isRemoved)
        var waiting = started(.always)
        _ = waiting.ended(exitCode: 1, ranFor: .zero)
        #expect(waiting.removalRequested(force: false) == .isActive(.restarting))
        #expect(waiting.removalRequested(force: true) == .remove)
        #expect(waiting.delayEnded() == false)
        var created = ContainerLifeState(policy: .no, isRemovedAtEnd: false)
        #expect(created.removalRequested(force: false) == .remove)
    }

    @Test("a paused one goes on before it is stopped")
    func paused() {
        var life = started()
        #expect(life.pauseRequested() == .change)
        life.frozen()
        #expect(life.pauseRequested() == .isSoAlready)
        #expect(life.status(hasRun: true) == .paused)
        #expect(life.stopRequested() == .thawAndSignal)
        life.thawed()
        #expect(life.resumeRequested() == .isSoAlready)
        #expect(life.ended(exitCode: 0, ranFor: .zero) == .rest)
        life.frozen()
        #expect(life.resumeRequested() == .isNotRunning)
    }

    @Test(
        "in any order of events it has one run at most, and none after its removal",
        arguments: Array(0..<200 as Range<UInt64>)
    )
    func anyOrder(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let policies: [RestartPolicy] = [
            .no, .always, .unlessStopped, .onFailure(max: 2), .onFailure(max: nil),
        ]
        let policy = policies.randomElement(using: &generator) ?? .no
        var life = ContainerLifeState(policy: policy, isRemovedAtEnd: Bool.random(using: &generator))
        // The driver's side: what it has under way.
        var (isStarting, isRunning, isWaiting, isRemoved) = (false, false, false, false)
        for _ in 0..<200 {
            switch Int.random(in: 0..<8, using: &generator) {
            case 0:
                if life.startRequested() == .start {
                    #expect(!isStarting && !isRunning && !isRemoved)
                    (isStarting, isWaiting) = (true, false)
                }
            case 1 where isStarting:
                _ = life.started()
                (isStarting, isRunning) = (false, true)
            case 2 where isStarting || isRunning:
                let end = life.ended(exitCode: Int32.random(in: 0...1, using: &generator), ranFor: .zero)
                (isStarting, isRunning) = (false, false)
                if end == .remove { isRemoved = true }
                if case .restart = end {
                    #expect(policy != .no && !life.isStopped)
                    isWaiting = true
                }
            case 3 where isWaiting:
                isWaiting = false
                if life.delayEnded() {
                    #expect(!isStarting && !isRunning && !isRemoved)
                    isStarting = true
                }
            case 4: _ = life.stopRequested(forever: Bool.random(using: &generator))
            case 5: _ = life.killRequested(endsIt: Bool.random(using: &generator))
            case 6:
                if life.pauseRequested() == .change { life.frozen() } else { life.thawed() }
            default:
                if life.removalRequested(force: Bool.random(using: &generator)) == .remove {
                    #expect(!isStarting && !isRunning)
                    isRemoved = true
                }
            }
            #expect(isRunning == [.running, .paused].contains(life.phase))
            #expect(isRemoved == (life.phase == .removed))
            #expect(isStarting == (life.phase == .starting))
        }
    }

    @Test("is copied only while it rests, one copy at a time, and neither starts nor goes meanwhile")
    func copies() {
        var state = ContainerLifeState(policy: .no, isRemovedAtEnd: false)
        #expect(state.copyRequested() == .begin)
        #expect(state.copyRequested() == .isCopying)
        #expect(state.startRequested() == .isCopying)
        #expect(state.removalRequested(force: true) == .isCopying)
        #expect(state.stopRequested() == .nothing)
        #expect(state.killRequested(endsIt: true) == .isNotRunning)
        #expect(state.pauseRequested() == .isNotRunning)
        #expect(state.status(hasRun: true) == .exited && state.status(hasRun: false) == .created)
        state.copyEnded()
        #expect(state.startRequested() == .start)
        #expect(state.copyRequested() == .isActive)
        state.copyEnded()
        _ = state.started()
        #expect(state.copyRequested() == .isActive)
        _ = state.ended(exitCode: 0, ranFor: .zero)
        #expect(state.removalRequested(force: false) == .remove)
        #expect(state.copyRequested() == .isRemoved)
    }
}
