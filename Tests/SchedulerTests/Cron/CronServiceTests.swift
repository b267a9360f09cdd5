// SPDX-License-Identifier: Apache-2.0
// The schedules' driver over a real store and a clock that is set by hand; functions are a few values.

import Contracts
import Foundation
import FunctionModel
import FunctionStore
import HTTPTypes
import Logging
import NIOCore
import Synchronization
import Testing

@testable import Scheduler

/// Notes every call; ends it at once, or on request.
private final class FakeInvoker: FunctionInvoker {
    private struct Storage {
        var requests: [InvocationRequest] = []
        var held: [CheckedContinuation<Void, Never>] = []
        var isHolding = false
    }

    private let storage = Mutex(Storage())

    var requests: [InvocationRequest] { storage.withLock { $0.requests } }
    var running: Int { storage.withLock { $0.held.count } }

    func hold() { storage.withLock { $0.isHolding = true } }

    func letGo() {
        let held = storage.withLock { storage in
            defer { storage.held = [] }
            return storage.held
        }
        for continuation in held { continuation.resume() }
    }

    /// Schedules have their bodies at hand.
    func recordUnadmitted(_: FunctionName, id: String, arrivedAt: Date, _: RequestBodyFailure) {}

    func invoke(
        _ function: FunctionName,
        _ request: InvocationRequest
    ) async throws(InvocationRefusal) -> InvocationAnswer {
        let isHolding = storage.withLock { storage in
            storage.requests.append(request)
            return storage.isHolding
        }
        if isHolding {
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    storage.withLock { $0.held.append(continuation) }
                    if Task.isCancelled { letGo() }
                }
            } onCancel: {
                letGo()
            }
        }
        let outcome: Outcome = Task.isCancelled ? .cancelled : .ok
        let invocation = Invocation(
            id: request.id,
            function: function,
            revision: 1,
            trigger: request.trigger,
            startedAt: request.arrivedAt,
            outcome: outcome
        )
        return .complete(ResponseHead(), output: ByteBuffer(), invocation)
    }
}

/// A clock that stands still until it is set.
private final class HandClock: Sendable {
    private let storage: Mutex<Date>

    init(_ date: Date) { storage = Mutex(date) }

    var now: Date { storage.withLock { $0 } }

    func advance(_ seconds: Double) { storage.withLock { $0 += seconds } }
}

private final class CronWorld {
    let folder: TemporaryFolder
    let store: SQLiteStore
    let invoker = FakeInvoker()
    let sink = FakeSink()
    let clock: HandClock
    let service: CronService
    let name: FunctionName

    /// One that takes over the folder and clock of another, as a gateway does after a restart.
    init(after previous: CronWorld? = nil, spans: (any SpanSink)? = nil) throws {
        folder = try previous?.folder ?? TemporaryFolder()
        clock = previous?.clock ?? HandClock(Date(timeIntervalSince1970: 1_767_225_600))
        name = try FunctionName("f")
        store = try SQLiteStore(path: folder.path + "/mayfly.sqlite", logger: .silent)
        let traced = TracedInvoker(invoker, sink: spans) { $0.outcome == .ok ? 200 : 500 }
        service = CronService(store: store, invoker: traced, sink: sink, logger: .silent) { [clock] in
            clock.now
        }
    }

    func deploy(_ change: (inout ScheduleConfiguration) -> Void = { _ in }) async throws {
        var configuration = FunctionConfiguration()
        var schedule = ScheduleConfiguration(cron: "* * * * *")
        change(&schedule)
        configuration.schedules = [schedule]
        let revision = try await store.deploy(
            function: name,
            imageReference: "i",
            imageDigest: Digest(hash: [UInt8](repeating: 0, count: 32)),
            configuration: configuration,
            createdAt: clock.now
        )
        await service.catalogChanged(name, revision)
    }

    /// Due times of the calls so far, as minutes and seconds of the first hour.
    var due: [String] {
        invoker.requests.map { request in
            let time =
                (try? RequestVariables(request.head).text)?.first { $0.hasPrefix("HTTP_X_SCHEDULE_TIME=") }
                ?? ""
            return String(time.dropFirst("HTTP_X_SCHEDULE_TIME=2026-01-01T00:".count).prefix(5))
        }
    }

    /// The clock moves, and everything due then has ended.
    func pass(_ seconds: Double) async {
        clock.advance(seconds)
        _ = await service.tick()
        await service.settle()
    }

    func close() throws { try store.close() }
}

@Suite struct CronServiceTests {
    @Test("a schedule of every minute fires once a minute")
    func everyMinute() async throws {
        let world = try CronWorld()
        try await world.deploy { $0.input = "{}" }
        await world.pass(59)
        #expect(world.due == [])
        for _ in 0..<3 { await world.pass(60) }
        #expect(world.due == ["01:00", "02:00", "03:00"])
        let request = try #require(world.invoker.requests.first)
        #expect(request.trigger == .schedule)
        let variables = try RequestVariables(request.head).text
        #expect(variables.contains("HTTP_X_TRIGGER=schedule"))
        #expect(variables.contains("Http_X_Trigger=schedule"))
        #expect(variables.contains("REQUEST_METHOD=POST"))
        guard case .whole(let body) = request.body else {
            Issue.record("the input should be the body")
            return
        }
        #expect(String(buffer: body) == "{}")
        try world.close()
    }

    @Test("each call is a span of a trace of its own, which the function sees as its parent")
    func spans() async throws {
        let sink = FakeSpanSink()
        let world = try CronWorld(spans: sink)
        try await world.deploy()
        for _ in 0..<2 { await world.pass(60) }
        let origins = [60.0, 120].map {
            CallSpan.Origin.schedule(cron: "* * * * *", due: Date(timeIntervalSince1970: 1_767_225_600 + $0))
        }
        #expect(sink.spans.map(\.origin) == origins)
        #expect(sink.spans.allSatisfy { $0.parentID == nil && $0.status == 200 && $0.record?.outcome == .ok })
        #expect(Set(sink.spans.map(\.context.traceID)).count == 2)
        #expect(sink.spans.map(\.callID) == world.invoker.requests.map(\.id))
        let shown = world.invoker.requests.map { $0.head.fields[.traceParent] }
        #expect(shown == sink.spans.map(\.context.field))
        try world.close()
    }

    @Test("a due time that was seen twice runs once")
    func onlyOnce() async throws {
        let world = try CronWorld()
        try await world.deploy()
        await world.pass(60)
        await world.pass(0)
        #expect(world.due == ["01:00"])
        #expect(try await world.store.unfinishedClaims().isEmpty)
        try world.close()
    }

    @Test(
        "after an absence once makes up for one run, all for each, skip for none",
        arguments: [
            (MissedPolicy.once, ["30:00"]), (.all, ["10:00", "20:00", "30:00"]), (.skip, []),
        ]
    )
    func missed(_ policy: MissedPolicy, _ expected: [String]) async throws {
        let world = try CronWorld()
        let change = { (schedule: inout ScheduleConfiguration) in
            schedule.cron = "*/10 * * * *"
            schedule.missed = policy
        }
        try await world.deploy(change)
        try world.close()
        world.clock.advance(35 * 60)
        let next = try CronWorld(after: world)
        try await next.deploy(change)
        await next.pass(0)
        #expect(next.due == expected)
        await next.pass(5 * 60)
        #expect(next.due == expected + ["40:00"])
        try next.close()
    }

    @Test("a run that a killed gateway lost is recorded as lost and run again", arguments: [true, false])
    func lost(_ isRepeated: Bool) async throws {
        let world = try CronWorld()
        try await world.deploy { $0.missed = isRepeated ? .once : .skip }
        let state = try #require(try await world.store.schedules().first)
        let due = try #require(state.nextDue)
        let isClaimed = try await world.store.claim(state.key, due: due, next: due + 60)
        #expect(isClaimed)
        try world.close()
        world.clock.advance(90)
        let next = try CronWorld(after: world)
        try await next.deploy { $0.missed = isRepeated ? .once : .skip }
        await next.service.recover()
        await next.service.settle()
        #expect(next.sink.invocations.map(\.outcome) == [.lost])
        #expect(next.due == (isRepeated ? ["01:00"] : []))
        #expect(try await next.store.unfinishedClaims().isEmpty)
        try next.close()
    }

    @Test("a due time that another gateway has claimed is not run here, and the next one is")
    func claimedElsewhere() async throws {
        let world = try CronWorld()
        try await world.deploy()
        let state = try #require(try await world.store.schedules().first)
        let due = try #require(state.nextDue)
        let isClaimed = try await world.store.claim(state.key, due: due, next: due + 60)
        #expect(isClaimed)
        await world.pass(60)
        #expect(world.due == [])
        await world.pass(60)
        #expect(world.due == ["02:00"])
        try world.close()
    }

    @Test("while a run is under way the next one is skipped")
    func overlapSkip() async throws {
        let world = try CronWorld()
        try await world.deploy()
        world.invoker.hold()
        for _ in 0..<3 {
            world.clock.advance(60)
            _ = await world.service.tick()
        }
        #expect(await eventually { world.invoker.running == 1 })
        #expect(world.due == ["01:00"])
        world.invoker.letGo()
        await world.service.settle()
        try world.close()
    }

    @Test("replace stops the run under way and starts the next one")
    func overlapReplace() async throws {
        let world = try CronWorld()
        try await world.deploy { $0.overlap = .replace }
        world.invoker.hold()
        world.clock.advance(60)
        _ = await world.service.tick()
        #expect(await eventually { world.invoker.running == 1 })
        world.clock.advance(60)
        _ = await world.service.tick()
        #expect(await eventually { world.due == ["01:00", "02:00"] })
        #expect(await eventually { world.invoker.running == 1 })
        world.invoker.letGo()
        await world.service.settle()
        try world.close()
    }

    @Test("a queued run starts when the one under way has ended")
    func overlapQueue() async throws {
        let world = try CronWorld()
        try await world.deploy { $0.overlap = .queue }
        world.invoker.hold()
        for _ in 0..<2 {
            world.clock.advance(60)
            _ = await world.service.tick()
        }
        #expect(await eventually { world.invoker.running == 1 })
        world.invoker.letGo()
        #expect(await eventually { world.due == ["01:00", "02:00"] && world.invoker.running == 1 })
        world.invoker.letGo()
        await world.service.settle()
        try world.close()
    }

    @Test("a run that the gateway's own end cut short stays claimed, for the next start to find")
    func cutShort() async throws {
        let world = try CronWorld()
        try await world.deploy()
        world.invoker.hold()
        world.clock.advance(60)
        _ = await world.service.tick()
        #expect(await eventually { world.invoker.running == 1 })
        await world.service.stop()
        for run in await world.service.runs.values { run.cancel() }
        await world.service.settle()
        #expect(try await world.store.unfinishedClaims().count == 1)
        try world.close()
    }

    @Test("a removed function does not run any more, a deploy keeps the schedule's next due time")
    func changes() async throws {
        let world = try CronWorld()
        try await world.deploy { $0.cron = "@every 90s" }
        world.clock.advance(60)
        try await world.deploy { $0.cron = "@every 90s" }
        await world.pass(30)
        #expect(world.due == ["01:30"])
        await world.service.catalogChanged(world.name, nil)
        await world.pass(600)
        #expect(world.due.count == 1)
        try world.close()
    }

    @Test("the loop sleeps and wakes by itself")
    func loop() async throws {
        let world = try CronWorld()
        await world.service.start()
        world.clock.advance(60)
        try await world.deploy { $0.cron = "* * * * * *" }
        world.clock.advance(1)
        try await world.deploy { $0.cron = "* * * * * *" }
        #expect(await eventually { world.due == ["01:01"] })
        await world.service.stop()
        await world.service.settle()
        try world.close()
    }
}
