// SPDX-License-Identifier: Apache-2.0
// Health checks without containers: what the image and the caller say together, and what probes mean.

import Foundation
import FunctionModel
import OCI
import Testing

@testable import Scheduler

@Suite("A container's health")
struct HealthStateTests {
    private static func probe(_ code: Int32) -> HealthProbe {
        HealthProbe(startedAt: Date(), endedAt: Date(), exitCode: code, output: "")
    }

    private static func plan(startPeriod: Duration = .zero) -> HealthPlan {
        var plan = HealthPlan(command: ["probe"])
        plan.startPeriod = startPeriod
        return plan
    }

    @Test("is starting, then healthy with the first success, and unhealthy with the third failure in a row")
    func life() {
        var state = HealthState(Self.plan())
        #expect(state.report.health == .starting)
        #expect(state.ended(Self.probe(1), at: .zero) == nil)
        #expect(state.ended(Self.probe(0), at: .zero) == .healthy)
        #expect(state.report.failingStreak == 0)
        #expect(state.ended(Self.probe(0), at: .zero) == nil)
        #expect(state.ended(Self.probe(1), at: .zero) == nil)
        #expect(state.ended(Self.probe(-1), at: .zero) == nil)
        #expect(state.ended(Self.probe(2), at: .zero) == .unhealthy)
        #expect(state.ended(Self.probe(2), at: .zero) == nil)
        #expect(state.report.failingStreak == 4 && state.report.health == .unhealthy)
        #expect(state.ended(Self.probe(0), at: .zero) == .healthy)
        for code in Int32(0)..<9 { _ = state.ended(Self.probe(code), at: .zero) }
        #expect(state.report.probes.map(\.exitCode) == [4, 5, 6, 7, 8])
    }

    @Test(
        "does not count failures of the start period, unless it was healthy in it, and asks more often there"
    )
    func startPeriod() {
        var state = HealthState(Self.plan(startPeriod: .seconds(60)))
        #expect(state.pause(at: .zero) == HealthPlan.startIntervalDefault)
        #expect(state.pause(at: .seconds(60)) == HealthPlan.intervalDefault)
        for _ in 0..<9 { #expect(state.ended(Self.probe(1), at: .seconds(59)) == nil) }
        #expect(state.report.failingStreak == 0)
        _ = state.ended(Self.probe(1), at: .seconds(60))
        #expect(state.report.failingStreak == 1)
        var early = HealthState(Self.plan(startPeriod: .seconds(60)))
        #expect(early.ended(Self.probe(0), at: .seconds(1)) == .healthy)
        #expect(early.pause(at: .seconds(2)) == HealthPlan.intervalDefault)
        for _ in 0..<2 { _ = early.ended(Self.probe(1), at: .seconds(3)) }
        #expect(early.ended(Self.probe(1), at: .seconds(3)) == .unhealthy)
    }

    @Test("is not checked more often than once a second because an image says so")
    func imageSpan() {
        var image = ImageConfiguration.Execution()
        var check = ImageConfiguration.Healthcheck(test: ["CMD", "probe"])
        (check.intervalNanoseconds, check.startIntervalNanoseconds) = (1, 2_000_000_000)
        check.timeoutNanoseconds = 1
        image.healthcheck = check
        let plan = HealthPlan(nil, image: image)
        #expect(plan?.interval == .seconds(1) && plan?.timeout == .seconds(1))
        #expect(plan?.startInterval == .seconds(2))
    }

    @Test("is checked as the caller says, key by key, then as the image says, then as Docker does")
    func plan() throws {
        var image = ImageConfiguration.Execution()
        #expect(HealthPlan(nil, image: image) == nil)
        var own = ImageConfiguration.Healthcheck(test: ["CMD-SHELL", "is well"])
        own.intervalNanoseconds = 7_000_000_000
        own.timeoutNanoseconds = 0
        own.retries = 9
        image.healthcheck = own
        let plain = try #require(HealthPlan(nil, image: image))
        #expect(plain.command == ["/bin/sh", "-c", "is well"])
        #expect(plain.interval == .seconds(7) && plain.timeout == .seconds(30) && plain.retries == 9)
        image.shell = ["/bin/bash", "-ec"]
        #expect(HealthPlan(nil, image: image)?.command == ["/bin/bash", "-ec", "is well"])
        var request = ContainerHealthcheck(test: ["CMD", "a", "b"])
        request.interval = .seconds(1)
        request.retries = 2
        request.startPeriod = .seconds(5)
        let changed = try #require(HealthPlan(request, image: image))
        #expect(changed.command == ["a", "b"] && changed.interval == .seconds(1) && changed.retries == 2)
        #expect(changed.startPeriod == .seconds(5))
        request.test = nil
        #expect(HealthPlan(request, image: image)?.command == ["/bin/bash", "-ec", "is well"])
        request.test = ["NONE"]
        #expect(HealthPlan(request, image: image) == nil)
        image.healthcheck?.test = ["NONE"]
        #expect(HealthPlan(nil, image: image) == nil)
    }

    @Test(
        "is refused for what is no check",
        arguments: [
            ContainerHealthcheck(test: []), ContainerHealthcheck(test: ["CMD"]),
            ContainerHealthcheck(test: ["CMD-SHELL", "a", "b"]), ContainerHealthcheck(test: ["NONE", "x"]),
            ContainerHealthcheck(test: ["true"]), ContainerHealthcheck(test: ["CMD", "a\0"]),
            changed { $0.interval = TimeSpan(.nanoseconds(5)) }, changed { $0.retries = -1 },
        ]
    )
    func mistakes(check: ContainerHealthcheck) {
        #expect(throws: ModelError.self) { try check.validate() }
    }

    private static func changed(_ change: (inout ContainerHealthcheck) -> Void) -> ContainerHealthcheck {
        var check = ContainerHealthcheck()
        change(&check)
        return check
    }
}
