// SPDX-License-Identifier: Apache-2.0
// The life of a call, over sandboxes that are a few values.

import Contracts
import Foundation
import FunctionModel
import Glibc
import HTTPTypes
import Logging
import NIOCore
import Sandbox
import Synchronization
import Testing

@testable import Scheduler

@Suite struct DispatcherTests {
    @Test("a short answer is complete, with its record, and the record goes to the sink")
    func complete() async throws {
        var program = program(["hello"], code: 0)
        program.report.userTimeMicroseconds = 1500
        program.report.systemTimeMicroseconds = 500
        program.report.peakMemoryBytes = 4096
        program.report.limitsReached = [.pids]
        program.standardError = "one\ntwo"
        let world = try DispatcherWorld(program)
        let (output, invocation) = try await world.complete(.whole(ByteBuffer(string: "in")))
        #expect(output == "hello")
        #expect(invocation.outcome == .ok && invocation.exitCode == 0)
        #expect(invocation.bytesIn == 2 && invocation.bytesOut == 5)
        #expect(invocation.cpuMilliseconds == 2)
        #expect(invocation.peakMemoryBytes == 4096)
        #expect(invocation.limitsReached == [.pids])
        #expect(invocation.revision == 2 && invocation.fresh && !invocation.warm)
        #expect(world.sink.invocations == [invocation])
        #expect(world.sink.logs == ["one", "two"])
        #expect(await eventually { (world.fleet.status(world.pool)?.warm ?? 0) > 0 })
        #expect(try await world.complete().invocation.warm)
    }

    @Test("an exit code that is not zero is in the record")
    func exitCode() async throws {
        let (_, invocation) = try await DispatcherWorld(program(["half"], code: 42)).complete()
        #expect(invocation.outcome == .exit && invocation.exitCode == 42)
    }

    @Test("a command that is not in the image is exit code 127, and the log says so")
    func execFailed() async throws {
        var program = program()
        program.report = ExitReport(ending: .execFailed(errorNumber: ENOENT))
        let world = try DispatcherWorld(program)
        let (_, invocation) = try await world.complete()
        #expect(invocation.outcome == .exit && invocation.exitCode == 127)
        #expect(world.sink.logs.count == 1)
        #expect(world.sink.logs.first?.contains("'/run' is not in the container") == true)
    }

    @Test("a long answer streams, and its record follows at the end")
    func streaming() async throws {
        let piece = String(repeating: "x", count: 50_000)
        let world = try DispatcherWorld(program([piece, piece, piece]))
        guard case .streaming(_, let stream) = try await world.dispatcher.invoke(world.name, world.request())
        else {
            Issue.record("should stream")
            return
        }
        var count = 0
        while let bytes = await stream.next() { count += bytes.readableBytes }
        let invocation = await stream.ending()
        #expect(count == 150_000)
        #expect(invocation.bytesOut == 150_000 && invocation.outcome == .ok)
        #expect(world.sink.invocations == [invocation])
    }

    @Test("a caller that asks for the first byte gets it at once")
    func wantsStream() async throws {
        let world = try DispatcherWorld(program(["x"]))
        let answer = try await world.dispatcher.invoke(world.name, world.request(wantsStream: true))
        guard case .streaming(_, let stream) = answer else {
            Issue.record("should stream")
            return
        }
        #expect(await stream.next() == ByteBuffer(string: "x"))
        #expect(await stream.next() == nil)
        #expect(await stream.ending().bytesOut == 1)
    }

    @Test("a stream whose reader goes away without a word stops the function and is recorded")
    func abandoned() async throws {
        var endless = program([String(repeating: "x", count: 70_000)])
        endless.isEndless = true
        let world = try DispatcherWorld(endless)
        do {
            guard case .streaming = try await world.dispatcher.invoke(world.name, world.request()) else {
                Issue.record("should stream")
                return
            }
        }
        #expect(await eventually { world.sink.invocations.first?.outcome == .cancelled })
    }

    @Test("output over the limit is not passed on, and the record names the limit")
    func outputLimit() async throws {
        let world = try DispatcherWorld(program(["0123456789"])) { $0.limits.output = ByteCount(bytes: 5) }
        let (output, invocation) = try await world.complete()
        #expect(output == "")
        #expect(invocation.outcome == .signal)
        #expect(invocation.limitsReached == [.output])
        #expect(world.sink.logs.first?.contains("limits.output") == true)
    }

    @Test("a function that runs too long gets the stop signal, then SIGKILL", arguments: [true, false])
    func timeout(_ isObedient: Bool) async throws {
        var endless = program()
        endless.isEndless = true
        endless.obeysSignals = isObedient
        let world = try DispatcherWorld(endless) { $0.timeout = TimeSpan(.milliseconds(20)) }
        let (_, invocation) = try await world.complete()
        #expect(invocation.outcome == .timeout)
        #expect(invocation.signal == (isObedient ? 15 : 9))
    }

    @Test("a caller that disconnects stops the function")
    func cancelled() async throws {
        var endless = program()
        endless.isEndless = true
        let world = try DispatcherWorld(endless)
        let task = Task { try await world.complete().invocation }
        #expect(await eventually { world.spawner.counts.withLock { $0.made > 0 } })
        task.cancel()
        _ = await task.result
        #expect(world.sink.invocations.first?.outcome == .cancelled)
    }

    @Test("a body that arrives in pieces reaches stdin, one that breaks off cancels the call")
    func bodies() async throws {
        let world = try DispatcherWorld(program())
        let whole = try await world.complete(
            .stream { write in
                for piece in ["a", "b", "c"] { _ = await write(ByteBuffer(string: piece)) }
            }
        )
        #expect(whole.invocation.bytesIn == 3)
        var endless = program()
        endless.isEndless = true
        let broken = try await DispatcherWorld(endless).complete(.stream { _ in throw CancellationError() })
        #expect(broken.invocation.outcome == .cancelled)
        let tooLarge = try await DispatcherWorld(endless).complete(
            .stream { _ in throw RequestBodyTooLarge() }
        )
        #expect(tooLarge.invocation.outcome == .platform && tooLarge.invocation.cause == .bodyTooLarge)
        let stalled = try await DispatcherWorld(endless).complete(
            .stream { _ in throw RequestBodyFailure.stalled }
        )
        #expect(stalled.invocation.outcome == .cancelled && stalled.invocation.cause == .bodyStalled)
        #expect(stalled.invocation.signal == 9)
        let world2 = try DispatcherWorld(endless)
        var unread = world2.request(.stream { _ in try await Task.sleep(for: .seconds(60)) })
        let monitor = RequestBodyMonitor()
        monitor.fail(.malformed)
        unread.bodyMonitor = monitor
        guard case .complete(_, _, let record) = try await world2.dispatcher.invoke(world2.name, unread)
        else {
            throw DispatcherWorld.Streamed()
        }
        #expect(record.outcome == .cancelled && record.cause == .bodyMalformed)
    }

    @Test("a call whose body did not come is recorded, unless there is no such function")
    func unadmitted() async throws {
        let world = try DispatcherWorld()
        world.dispatcher.recordUnadmitted(world.name, id: "late", arrivedAt: Date(), .stalled)
        world.dispatcher.recordUnadmitted(try FunctionName("other"), id: "x", arrivedAt: Date(), .malformed)
        #expect(world.sink.invocations.map(\.id) == ["late"])
        #expect(world.sink.invocations.first?.cause == .bodyStalled)
        #expect(world.sink.invocations.first?.outcome == .cancelled)
    }

    @Test("calls leave nothing in memory, however they end")
    func memory() async throws {
        var endless = program()
        endless.isEndless = true
        var dead = program()
        dead.releaseFailure = .gone("slot")
        for program in [program(["out"]), program([String(repeating: "x", count: 70_000)]), endless, dead] {
            let world = try DispatcherWorld(program) { $0.timeout = TimeSpan(.milliseconds(10)) }
            for _ in 0..<5 {
                // How each of them ends is not the matter here.
                guard let answer = try? await world.dispatcher.invoke(world.name, world.request()) else {
                    continue
                }
                if case .streaming(_, let stream) = answer { _ = await stream.next() }
            }
            await world.dispatcher.drain()
            #expect(await eventually { world.spawner.counts.withLock { $0.made > 0 && $0.alive == 0 } })
        }
    }

    @Test("calls of unknown functions are refused and leave no record")
    func unknown() async throws {
        let world = try DispatcherWorld()
        let other = try FunctionName("other")
        await #expect(throws: InvocationRefusal.unknownFunction("other")) {
            _ = try await world.dispatcher.invoke(other, world.request())
        }
        #expect(world.sink.invocations.isEmpty)
    }

    @Test("refused calls of a function are recorded as platform, with their cause")
    func refused() async throws {
        var endless = program()
        endless.isEndless = true
        let world = try DispatcherWorld(endless) { configuration in
            configuration.concurrency = 1
            configuration.queue.length = 0
        }
        let running = Task { try await world.complete().invocation }
        #expect(await eventually { world.spawner.counts.withLock { $0.made > 0 } })
        await #expect(throws: InvocationRefusal.busy(retryAfterSeconds: 1)) {
            _ = try await world.dispatcher.invoke(world.name, world.request())
        }
        #expect(world.sink.invocations.first?.cause == .functionBusy)
        #expect(world.sink.invocations.first?.outcome == .platform)
        running.cancel()
        _ = await running.result
    }

    @Test("a sandbox that dies before its release is replaced, for a bounded number of times")
    func deadSandboxes() async throws {
        var dead = program()
        dead.releaseFailure = .gone("slot")
        let world = try DispatcherWorld(dead)
        await #expect(throws: InvocationRefusal.self) { _ = try await world.complete() }
        #expect(world.spawner.counts.withLock { $0.killed } >= Dispatcher.attemptsMax)
        #expect(world.sink.invocations.map(\.cause) == [.hostUnavailable])
    }

    @Test("a call whose sandbox was not set up after all runs in another one, with its body")
    func notStarted() async throws {
        let world = try DispatcherWorld(program(["out"]))
        world.spawner.duds.withLock { $0 = 2 }
        let answer = try await world.complete(.whole(ByteBuffer(string: "in")))
        #expect(answer.invocation.outcome == .ok && answer.invocation.bytesIn == 2)
        #expect(world.sink.invocations.count == 1)
        #expect(world.spawner.counts.withLock { $0.made >= 3 && $0.retired == 2 })
    }

    @Test("a call whose body cannot be had twice is refused with the reason")
    func notStartedStreaming() async throws {
        let world = try DispatcherWorld(program(["out"]))
        world.spawner.duds.withLock { $0 = 1 }
        await #expect(throws: InvocationRefusal.cannotStart(reason: "out of luck")) {
            _ = try await world.complete(.stream { write in _ = await write(ByteBuffer(string: "in")) })
        }
        #expect(world.sink.invocations.map(\.cause) == [.cannotStart])
    }

    @Test("a call that was given a sandbox before it was set up does not count as warm")
    func waitedForSetUp() async throws {
        var late = program(["out"])
        late.report.waitedForSetUp = true
        let world = try DispatcherWorld(late)
        _ = try await world.complete()
        #expect(await eventually { (world.fleet.status(world.pool)?.warm ?? 0) > 0 })
        #expect(try await !world.complete().invocation.warm)
    }

    @Test("arguments and environment that are too large are a refusal with the reason")
    func commandTooLarge() async throws {
        var large = program()
        large.releaseFailure = .commandTooLarge(bytes: 10, max: 5)
        let world = try DispatcherWorld(large)
        await #expect {
            _ = try await world.complete()
        } throws: { error in
            guard case .cannotStart(let reason) = error as? InvocationRefusal else { return false }
            return reason.contains("10 bytes")
        }
    }

    @Test("a drain lets running calls finish within their grace, kills the rest, and refuses new ones")
    func drain() async throws {
        var endless = program()
        endless.isEndless = true
        let world = try DispatcherWorld(endless)
        let running = Task { try await world.complete().invocation }
        #expect(await eventually { world.spawner.counts.withLock { $0.made > 0 } })
        await world.dispatcher.drain()
        #expect(try await running.value.outcome == .cancelled)
        await #expect(throws: InvocationRefusal.self) { _ = try await world.complete() }
        #expect(world.sink.invocations.last?.cause == .hostUnavailable)
    }
}
