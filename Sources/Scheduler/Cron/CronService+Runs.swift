// SPDX-License-Identifier: Apache-2.0
// Claims, runs and their ends. Part of CronService.

import FoundationEssentials
import FunctionModel
import FunctionStore
import Logging
import Schedules
import NIOCore

extension CronService {
    // MARK: Due times

    /// Leaves one due time for the next: claims and runs it, or passes over it.
    ///
    /// - Parameters:
    ///   - step: what is to happen.
    ///   - key: the schedule.
    /// - Returns: the run, when it was started now.
    /// - Throws: ``StoreError``; the due time stays then.
    @discardableResult
    func perform(_ step: MissedRuns.Step, _ key: ScheduleKey) async throws(StoreError) -> Task<Void, Never>? {
        let result = step.isRun ? entries[key]?.overlap.came(step.due) ?? .skip : .skip
        if result == .skip {
            let isOurs = try await store.skip(key, due: step.due, next: step.next)
            try await moved(key, to: step.next, isOurs: isOurs)
            return nil
        }
        let isOurs: Bool
        do {
            isOurs = try await store.claim(key, due: step.due, next: step.next)
        } catch {
            entries[key]?.overlap.notClaimed(step.due)
            throw error
        }
        try await moved(key, to: step.next, isOurs: isOurs)
        guard isOurs else {
            entries[key]?.overlap.notClaimed(step.due)
            return nil
        }
        switch result {
        case .skip, .queue: return nil
        case .run: return begin(key, step.due)
        case .replace(let old):
            for due in old { runs[RunKey(schedule: key, due: due)]?.cancel() }
            return begin(key, step.due)
        }
    }

    /// Remembers the next due time; reads it from the store when another process has changed it.
    private func moved(_ key: ScheduleKey, to next: Date?, isOurs: Bool) async throws(StoreError) {
        guard !isOurs else {
            entries[key]?.nextDue = next
            return
        }
        let stored = try await store.schedules(of: key.function).first { $0.key == key }
        entries[key]?.nextDue = stored?.nextDue
    }

    /// Makes up for several missed runs, one after the other.
    func catchUp(_ key: ScheduleKey, _ steps: [MissedRuns.Step]) {
        entries[key]?.isCatchingUp = true
        catchUps[key] = Task {
            for step in steps where !Task.isCancelled {
                do throws(StoreError) {
                    try await perform(step, key)?.value
                } catch {
                    logger.error("Missed runs cannot be caught up", metadata: ["reason": "\(error)"])
                    break
                }
            }
            entries[key]?.isCatchingUp = false
            catchUps[key] = nil
        }
    }

    // MARK: Runs

    /// Starts a run whose due time is claimed.
    @discardableResult
    func begin(_ key: ScheduleKey, _ due: Date) -> Task<Void, Never> {
        let run = RunKey(schedule: key, due: due)
        let configuration = entries[key]?.schedule.configuration
        let input = configuration?.input ?? ""
        let origin = CallSpan.Origin.schedule(cron: configuration?.cron ?? key.expression, due: due)
        let request = ScheduledRequest.make(key.function, input: input, due: due, now: now())
        let task = Task {
            let outcome = await outcome(of: request, key.function, origin)
            await ended(run, outcome)
        }
        runs[run] = task
        return task
    }

    /// Runs the function and reads its answer to the end; nil when it was refused because the gateway stops.
    private nonisolated func outcome(
        of request: InvocationRequest,
        _ function: FunctionName,
        _ origin: CallSpan.Origin
    ) async -> Outcome? {
        do throws(InvocationRefusal) {
            switch try await invoker.invoke(function, request, as: origin) {
            case .complete(_, _, let invocation), .redirected(_, let invocation): return invocation.outcome
            case .streaming(_, let output):
                return await withTaskCancellationHandler {
                    while await output.next() != nil {}
                    return await output.ending().outcome
                } onCancel: {
                    output.cancel()
                }
            }
        } catch {
            switch error {
            case .cancelled: return .cancelled
            case .unavailable: return nil
            case .unknownFunction, .unknownVersion, .busy, .serviceDown, .cannotStart, .requestTooLarge,
                .requestInvalid, .bodyFailed:
                return .platform
            }
        }
    }

    private func ended(_ run: RunKey, _ outcome: Outcome?) async {
        // What the gateway's own end cut short stays claimed: the next start finds it lost, and runs it again.
        let isCutShort = isStopping && (outcome == nil || outcome == .cancelled || outcome == .lost)
        if !isCutShort {
            do throws(StoreError) {
                try await store.finish(run.schedule, due: run.due, outcome: outcome ?? .platform)
            } catch {
                logger.error("A scheduled run's end was not stored", metadata: ["reason": "\(error)"])
            }
        }
        runs[run] = nil
        if let next = entries[run.schedule]?.overlap.ended(run.due), !isStopping { begin(run.schedule, next) }
    }

    // MARK: Restart

    /// Finds the runs that a killed gateway lost, records them, and runs them again when the schedule says so.
    func recover() async {
        let claims: [ScheduleClaim]
        do throws(StoreError) {
            claims = try await store.unfinishedClaims()
        } catch {
            logger.error("Lost runs cannot be looked up", metadata: ["reason": "\(error)"])
            return
        }
        for claim in claims {
            recordLost(claim)
            guard let entry = entries[claim.key], isWorthRepeating(claim, entry.schedule.configuration),
                entries[claim.key]?.overlap.came(claim.due) == .run
            else {
                await forget(claim)
                continue
            }
            begin(claim.key, claim.due)
        }
    }

    private func isWorthRepeating(_ claim: ScheduleClaim, _ configuration: ScheduleConfiguration) -> Bool {
        configuration.missed != .skip
            && now().timeIntervalSince(claim.due) <= configuration.deadline.duration / .seconds(1)
    }

    private func forget(_ claim: ScheduleClaim) async {
        do throws(StoreError) {
            try await store.finish(claim.key, due: claim.due, outcome: .lost)
        } catch {
            logger.error("A lost run was not stored", metadata: ["reason": "\(error)"])
        }
    }

    private func recordLost(_ claim: ScheduleClaim) {
        guard let revision = entries[claim.key]?.revision else { return }
        let invocation = Invocation(
            id: UUID().uuidString.lowercased(),
            function: claim.key.function,
            revision: revision,
            trigger: .schedule,
            startedAt: claim.due,
            outcome: .lost
        )
        sink.append(invocation, logs: [])
    }
}
