// SPDX-License-Identifier: Apache-2.0
// The life of a call: admission, lease, release, answer, record. Every trigger calls it.

import Contracts
package import FoundationEssentials
package import FunctionModel
import NIOCore
import Sandbox
import Synchronization

/// Runs invocations.
package final class Dispatcher: FunctionInvoker {
    /// Bytes of output held back before the head of the answer is sent.
    static let responseBufferBytes = 64 << 10
    /// Attempts to find a sandbox for one call, each lost to a deploy or a slot that died in between.
    ///
    /// More than the default warm maximum, so that a whole pool of dead sandboxes still leaves some.
    static let attemptsMax = 12
    /// Variables of a request of usual size: a command too large with no more than these is the function's own fault.
    static let ordinaryVariableBytes = 16 << 10
    /// Retry-After of callers that are refused for load: short, since a queue moves in milliseconds.
    static let retryAfterSeconds = 1

    /// Retry-After while the gateway stops: about the time of a restart.
    static let retryAfterStopSeconds = 5

    let fleet: Fleet
    private let timer: DeadlineTimer
    private let sink: any InvocationSink
    private let directory: any FunctionDirectory
    private let unfinished: UnfinishedCalls?
    private let admission = Mutex(Admission())
    let eventBudget = ByteBudget()

    private struct Admission {
        var running: [SlotNumber: RunningInvocation] = [:]
        var isDraining = false
    }

    /// - Parameters:
    ///   - fleet: the pools.
    ///   - timer: for timeouts and graces.
    ///   - sink: gets every record and log line.
    ///   - directory: knows the current revision of a name.
    ///   - unfinished: notes what runs, for the next gateway; nil notes nothing.
    init(
        _ fleet: Fleet,
        _ timer: DeadlineTimer,
        _ sink: any InvocationSink,
        directory: any FunctionDirectory,
        unfinished: UnfinishedCalls?
    ) {
        self.fleet = fleet
        self.timer = timer
        self.sink = sink
        self.directory = directory
        self.unfinished = unfinished
    }

    /// Records the calls that the gateway before this one did not finish; for functions that still exist.
    func recordUnfinished(_ calls: [UnfinishedCall]) {
        for call in calls {
            if call.function != .runs, case .unknown = directory.lookup(call.function) { continue }
            sink.append(call.record, logs: [])
        }
    }

    /// Admission, a lease, the run and its record; see ``FunctionInvoker``.
    package func invoke(
        _ function: FunctionName,
        _ request: InvocationRequest
    ) async throws(InvocationRefusal) -> InvocationAnswer {
        let arrived = ContinuousClock.now
        /// Of an event that was collected.
        var collected: RequestBody?
        /// Of the body that was collected; given back with the call's end.
        var share: ByteBudget.Share?
        defer { withExtendedLifetime(share) {} }
        for _ in 0..<Self.attemptsMax {
            let target = try await target(function, request, arrived)
            var call = Call(request: request, revision: target.revision, arrived: arrived)
            if target.contract.takesEvents {
                if let collected { call.request.body = collected }
                if let taken = try await collectBody(&call) { share = taken }
                collected = call.request.body
            }
            do throws(RequestFault) {
                call.variables = try target.contract.variables(of: request.head)
                if target.contract.takesEvents { call.lambda = try Self.event(call) }
            } catch {
                throw refused(call, .requestInvalid(error))
            }
            let lease: Lease
            do throws(PoolRefusal) {
                lease = try await fleet.lease(target.pool)
            } catch .closed {
                continue
            } catch {
                throw refused(call, Self.refusal(error))
            }
            let run = Run(call: call, function: target, lease: lease, leased: .now)
            let answer =
                if let program = lease.program { try await serve(run, program) } else { try await start(run) }
            if let answer { return answer }
        }
        let target = try await target(function, request, arrived)
        throw refused(
            Call(request: request, revision: target.revision, arrived: arrived),
            Self.refusal(.closed)
        )
    }

    /// The revision that is called, when it and the gateway can serve.
    private func target(
        _ function: FunctionName,
        _ request: InvocationRequest,
        _ arrived: ContinuousClock.Instant
    ) async throws(InvocationRefusal) -> LiveFunction {
        let lookup =
            if let version = request.version {
                try await directory.lookup(function, version)
            } else {
                directory.lookup(function)
            }
        switch lookup {
        case .unknown: throw .unknownFunction(function.text)
        case .broken(let revision, let reason):
            throw refused(
                Call(request: request, revision: revision, arrived: arrived),
                .cannotStart(reason: reason)
            )
        case .live(let target):
            guard let refusal = unavailability(target) else { return target }
            throw refused(Call(request: request, revision: target.revision, arrived: arrived), refusal)
        }
    }

    /// Why no call of a function is taken now.
    private func unavailability(_ target: LiveFunction) -> InvocationRefusal? {
        if admission.withLock({ $0.isDraining }) {
            return .unavailable(
                reason: "the gateway is stopping",
                retryAfterSeconds: Self.retryAfterStopSeconds
            )
        }
        return fleet.missingService(target.services).map { name in
            .serviceDown(name, retryAfterSeconds: Self.retryAfterSeconds)
        }
    }

    /// Stops taking calls; running invocations get their grace to finish and are killed then.
    ///
    /// Returns when no invocation runs.
    func drain() async {
        let current = admission.withLock { admission in
            admission.isDraining = true
            return Array(admission.running.values)
        }
        for invocation in current { endAfterGrace(invocation) }
        await fleet.drain()
    }

    /// Whether no call is taken any more.
    var isStopping: Bool { admission.withLock { $0.isDraining } }
    /// Everything that runs now.
    var runningCalls: [RunningInvocation] { admission.withLock { Array($0.running.values) } }

    private func endAfterGrace(_ invocation: RunningInvocation) {
        _ = timer.schedule(at: .now + invocation.limits.grace) { [weak invocation] in
            invocation?.session.kill(.cancelled)
        }
    }

    // MARK: One call

    /// Runs a call in its sandbox; nil when the sandbox died before a program of the image ran.
    private func start(_ run: Run) async throws(InvocationRefusal) -> InvocationAnswer? {
        let limits = run.function.limits
        let running = running(run)
        let session = running.session
        let deadline = Date() + TimeInterval(limits.timeout / .seconds(1))
        do throws(SandboxError) {
            let command = run.function.command.command(
                id: run.call.request.id,
                run.call.variables,
                deadline: deadline
            )
            // Weak: the sandbox keeps this closure, and the invocation keeps the sandbox.
            try session.start(command, preparesNext: run.lease.preparesNext) { [weak running] in
                running?.standardError($0)
            }
        } catch {
            session.kill(.cancelled)
            if case .commandTooLarge(let bytes, let max) = error {
                fleet.end(run.lease, isReusable: false)
                let isRequest = run.call.variables.sizeBytes > Self.ordinaryVariableBytes
                throw refused(
                    run.call,
                    isRequest
                        ? .requestTooLarge(bytes: bytes, max: max) : .cannotStart(reason: error.description)
                )
            }
            fleet.endUnused(run.lease, error.description)
            return nil
        }
        let started = admitted(run, running)
        let result = await withTaskCancellationHandler {
            await answer(started)
        } onCancel: {
            session.stop(.cancelled)
        }
        return try result.get()
    }

    /// The invocation of a run, not started yet.
    func running(_ run: Run) -> RunningInvocation {
        let limits = run.function.limits
        let session = ContainerSession(
            run.lease.sandbox,
            policy: .init(signal: limits.stopSignal, grace: limits.grace),
            timer: timer
        )
        let arrivedAt = run.call.request.arrivedAt
        let facts = RunningFacts(
            image: run.call.revision.imageReference,
            startedAt: arrivedAt,
            command: run.function.command
        )
        let call = UnfinishedCall(
            id: run.call.request.id,
            function: limits.function,
            revision: limits.revision,
            trigger: run.call.request.trigger,
            startedAt: arrivedAt
        )
        return RunningInvocation(
            id: run.call.request.id,
            limits: limits,
            facts: facts,
            session: session,
            sink: sink,
            note: unfinished?.begin(call)
        )
    }

    /// Its program has the request from now on: the clock runs, and a drain knows of it.
    func admitted(_ run: Run, _ running: RunningInvocation) -> StartedRun {
        running.session.limitTime(to: run.function.limits.timeout)
        let isDraining = admission.withLock { admission in
            admission.running[run.lease.slot] = running
            return admission.isDraining
        }
        // It was admitted just before the drain started, which did not see it.
        if isDraining { endAfterGrace(running) }
        return StartedRun(run: run, released: .now, running: running)
    }

    /// A sandbox ended before anything of the call ran in it.
    func lost(_ run: Run, _ reason: String) { fleet.endUnused(run.lease, reason) }

    /// PID 1 is gone: the slot goes back at once, the record follows when the output is counted.
    ///
    /// - Parameters:
    ///   - started: the call.
    ///   - pump: of its body.
    ///   - report: how PID 1 ended.
    ///   - fault: a rule of the contract that the function's whole output breaks.
    ///   - keepsSlot: false when the slot must serve no further sandbox.
    /// - Returns: a closure that makes the record and passes it to the sink; call once.
    func finish(
        _ started: StartedRun,
        _ pump: RequestPump,
        _ report: ExitReport,
        _ fault: ResponseFault? = nil,
        keepsSlot: Bool = true
    ) async -> @Sendable () -> Invocation {
        let ended = ContinuousClock.now
        let lease = started.run.lease
        admission.withLock { $0.running[lease.slot] = nil }
        switch report.ending {
        case .notStarted(let reason): fleet.endUnused(lease, reason)
        case .lost: fleet.end(lease, isReusable: false)
        case .returned: fleet.takeBack(lease)
        case .exited, .execFailed: fleet.end(lease, isReusable: keepsSlot)
        case .signalled(let signal):
            fleet.end(lease, isReusable: keepsSlot, hasCrashed: TemplateChoice.crashSignals.contains(signal))
        }
        if let fault { started.running.faultFound(fault) }
        let ending = started.running.ended(report)
        await pump.ended()
        return { [sink] in
            let invocation = started.invocation(report, ending, ended: ended)
            let last = started.running.logLines(started.lastLines(invocation, ended: ended))
            sink.append(invocation, logs: ending.lines + last)
            return invocation
        }
    }

    // MARK: Refusals

    /// See ``FunctionInvoker``.
    package func recordUnadmitted(
        _ function: FunctionName,
        id: String,
        arrivedAt: Date,
        _ failure: RequestBodyFailure
    ) {
        let revision: Revision
        switch directory.lookup(function) {
        case .unknown: return
        case .broken(let known, _): revision = known
        case .live(let target): revision = target.revision
        }
        var record = Invocation(
            id: id,
            function: function,
            revision: revision.number,
            trigger: .http,
            startedAt: arrivedAt,
            outcome: .cancelled
        )
        record.cause = failure.cause
        record.totalMilliseconds = Date().timeIntervalSince(arrivedAt) * 1000
        sink.append(record, logs: [])
    }

    /// Records a call that did not start.
    func refused(_ call: Call, _ refusal: InvocationRefusal) -> InvocationRefusal {
        let invocation = call.refused(refusal)
        sink.append(invocation, logs: call.refusalLog(refusal))
        return refusal
    }

    static func refusal(_ refusal: PoolRefusal) -> InvocationRefusal {
        switch refusal {
        case .busy: .busy(retryAfterSeconds: retryAfterSeconds)
        case .noRoom, .closed:
            .unavailable(
                reason: "the host has no room for another sandbox",
                retryAfterSeconds: retryAfterSeconds
            )
        case .cannotStart(let reason): .cannotStart(reason: reason)
        case .cancelled: .cancelled
        }
    }
}
