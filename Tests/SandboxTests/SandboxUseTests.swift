// SPDX-License-Identifier: Apache-2.0
// Start and assign as decisions, and the bookkeeping of sockets that were asked for: plain values, no processes.

import Testing

@testable import Sandbox

@Suite("Start and assign")
struct SandboxUseTests {
    @Test("the slot hears of the first assignment, and of the first that prepares the next sandbox")
    func reports() {
        var use = SandboxUse()
        let start = use.start(at: 1)
        #expect(start == nil)
        var reported: [Bool] = []
        for (turn, preparesNext) in [false, false, true, true, false].enumerated() {
            let refusal = use.assign(at: Int64(2 * turn + 2))
            #expect(refusal == nil)
            reported.append(use.reportsAssignment(preparesNext: preparesNext))
            let isUnassigned = use.unassign(at: Int64(2 * turn + 3))
            #expect(isUnassigned)
        }
        #expect(reported == [true, false, true, false, false])
    }

    @Test("a program whose invocation is over can be assigned again, until it ends")
    func assignedAgain() {
        var use = SandboxUse()
        _ = use.start(at: 1)
        let early = use.unassign(at: 2)
        #expect(!early, "no invocation is over")
        for time in Int64(1)...3 {
            let refusal = use.assign(at: time * 10)
            #expect(refusal == nil && !use.isUnassigned && use.countsFrom == time * 10)
            let isUnassigned = use.unassign(at: time * 10 + 1)
            #expect(isUnassigned && use.isUnassigned)
        }
        let reason = use.end(.exited(code: 3))
        #expect(reason == "exit code 3", "as before the first one")
        let late = use.unassign(at: 99)
        #expect(!late)
    }

    @Test("both at once count from that moment")
    func released() {
        var use = SandboxUse()
        #expect(use.isUnassigned)
        let step1 = use.release(at: 5)
        #expect(step1 == nil)
        #expect(!use.isUnassigned)
        #expect(use.countsFrom == 5)
        let step2 = use.end(.exited(code: 0))
        #expect(step2 == nil)
        #expect(use.isEnded)
        #expect(use.unusedReason == nil)
    }

    @Test("a program that was started ahead counts from its assignment")
    func ahead() {
        var use = SandboxUse()
        let step3 = use.start(at: 5)
        #expect(step3 == nil)
        #expect(use.isUnassigned)
        #expect(use.countsFrom == 5)
        let step4 = use.assign(at: 9)
        #expect(step4 == nil)
        #expect(use.countsFrom == 9)
        #expect(!use.isUnassigned)
    }

    @Test("neither step is done twice, nor the second before the first")
    func order() {
        var use = SandboxUse()
        let step5 = use.assign(at: 1)
        #expect(step5 == .outOfOrder)
        let step6 = use.start(at: 2)
        #expect(step6 == nil)
        let step7 = use.start(at: 3)
        #expect(step7 == .outOfOrder)
        let step8 = use.release(at: 3)
        #expect(step8 == .outOfOrder)
        let step9 = use.assign(at: 4)
        #expect(step9 == nil)
        let step10 = use.assign(at: 5)
        #expect(step10 == .outOfOrder)
        #expect(use.countsFrom == 4)
    }

    @Test("an end before the assignment is reported once, with its reason, and refuses what comes later")
    func unused() {
        var use = SandboxUse()
        let step11 = use.start(at: 5)
        #expect(step11 == nil)
        let step12 = use.end(.exited(code: 3))
        #expect(step12 == "exit code 3")
        let step13 = use.end(.exited(code: 4))
        #expect(step13 == nil)
        #expect(use.unusedReason == "exit code 3")
        let step14 = use.assign(at: 6)
        #expect(step14 == .ended(reason: "exit code 3"))
        let step15 = use.start(at: 6)
        #expect(step15 == .ended(reason: "exit code 3"))
    }

    @Test("a sandbox whose set-up failed is reported with its own reason")
    func notStarted() {
        var use = SandboxUse()
        let step16 = use.end(.notStarted(reason: "no memory"))
        #expect(step16 == "no memory")
        let step17 = use.release(at: 1)
        #expect(step17 == .ended(reason: "no memory"))
    }
}

@Suite("Sockets that a slot was asked for")
struct SocketRequestsTests {
    @Test("each answer reaches its waiter, once and in any order")
    func answers() {
        var requests = SocketRequests<String>()
        guard let first = requests.add("first"), let second = requests.add("second") else {
            Issue.record("no room for two")
            return
        }
        let step18 = requests.answered(second)
        #expect(step18 == "second")
        let step19 = requests.answered(second)
        #expect(step19 == nil)
        let step20 = requests.answered(first)
        #expect(step20 == "first")
        #expect(requests.isEmpty)
    }

    @Test("no more wait than the bound")
    func bound() {
        var requests = SocketRequests<Int>()
        for number in 0..<SocketRequests<Int>.pendingMax {
            let sequence = requests.add(number)
            #expect(sequence != nil)
        }
        let step21 = requests.add(-1)
        #expect(step21 == nil)
        let step22 = requests.lost().count
        #expect(step22 == SocketRequests<Int>.pendingMax)
        #expect(requests.isEmpty)
        let step23 = requests.add(-1)
        #expect(step23 != nil)
    }
}
