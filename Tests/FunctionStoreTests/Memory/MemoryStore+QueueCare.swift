// SPDX-License-Identifier: Apache-2.0
// Asynchronous calls in memory: listed, changed by operators, dropped, and the delivery of their results.

import Foundation
import FunctionModel

@testable import FunctionStore

extension MemoryStore {
    func queuedCalls(_ query: QueueQuery) async throws(StoreError) -> [QueuedCall] {
        try transaction { (tables) throws(StoreError) in
            var calls = tables.calls.reversed().map(\.self)
            if let before = query.before {
                let place = calls.firstIndex { $0.id == before }
                calls = place.map { Array(calls[($0 + 1)...]) } ?? []
            }
            let wanted = calls.filter {
                (query.function ?? $0.new.function) == $0.new.function
                    && (query.namespace ?? $0.new.function.namespace) == $0.new.function.namespace
                    && (query.states.isEmpty || query.states.contains($0.state))
            }
            return wanted.prefix(min(max(query.limit, 0), QueueQuery.limitMax)).map(\.view)
        }
    }

    func queuedCall(_ id: String) async throws(StoreError) -> QueuedCall? {
        try transaction { (tables) throws(StoreError) in tables.calls.first { $0.id == id }?.view }
    }

    func output(of id: String) async throws(StoreError) -> QueueContent? {
        try transaction { (tables) throws(StoreError) in tables.calls.first { $0.id == id }?.output }
    }

    func retry(_ id: String) async throws(StoreError) -> QueueChange {
        try transaction { (tables) throws(StoreError) in
            guard let index = tables.calls.firstIndex(where: { $0.id == id }) else { return .unknown }
            let state = tables.calls[index].state
            guard state == .failed || state == .cancelled else { return .refused(state) }
            tables.calls[index].queuedAgain(now: Date())
            return .done
        }
    }

    func cancel(_ id: String) async throws(StoreError) -> QueueChange {
        try transaction { (tables) throws(StoreError) in
            guard let index = tables.calls.firstIndex(where: { $0.id == id }) else { return .unknown }
            guard tables.calls[index].isUnfinished else { return .refused(tables.calls[index].state) }
            if tables.calls[index].state == .running {
                tables.calls[index].isCancelled = true
                return .asked
            }
            tables.calls[index].state = .cancelled
            tables.calls[index].finishedAt = Date()
            return .done
        }
    }

    func purge(_ states: Set<QueuedCallState>, of function: FunctionName?, in namespace: String?)
        async throws(StoreError) -> Int
    {
        try remove { call in
            call.state != .running && states.contains(call.state)
                && (function ?? call.new.function) == call.new.function
                && (namespace ?? call.new.function.namespace) == call.new.function.namespace
        }
    }

    func prune(_ limits: QueueLimits) async throws(StoreError) -> Bool {
        let now = Date()
        _ = try remove { call in
            guard let end = call.finishedAt, call.callbackState != .pending else { return false }
            let age =
                call.state == .failed
                ? max(limits.finishedAgeMax, limits.failedAgeMax) : limits.finishedAgeMax
            return end < now - age.seconds
        }
        let finished = try transaction { (tables) throws(StoreError) in
            tables.calls.filter { !$0.isUnfinished }
        }
        let oldest = finished.sorted { $0.finishedAt ?? now < $1.finishedAt ?? now }
        let excess = Set(oldest.prefix(max(0, oldest.count - limits.finishedMax)).map(\.sequence))
        _ = try remove { excess.contains($0.sequence) }
        let dropped = try transaction { (tables) throws(StoreError) in
            tables.dropOutputs(oldest.map(\.sequence), bytesMax: limits.outputBytesMax)
        }
        for content in dropped { discard(content) }
        return false
    }

    private func remove(_ isRemoved: (MemoryCall) -> Bool) throws(StoreError) -> Int {
        let removed = try transaction { (tables) throws(StoreError) in
            let removed = tables.calls.filter(isRemoved)
            tables.calls.removeAll(where: isRemoved)
            return removed
        }
        for content in removed.flatMap({ [$0.body, $0.output ?? .none] }) { discard(content) }
        return removed.count
    }

    func queueDepths() async throws(StoreError) -> [QueueDepth] {
        try transaction { (tables) throws(StoreError) in
            let listed = tables.calls.filter { $0.isUnfinished || $0.state == .failed }
            return Set(listed.map(\.new.function)).sorted().map { function in
                var depth = QueueDepth(function: function)
                let states = listed.filter { $0.new.function == function }.map(\.state)
                depth.queued = states.count { $0 == .queued }
                depth.running = states.count { $0 == .running }
                depth.waiting = states.count { $0 == .waiting }
                depth.failed = states.count { $0 == .failed }
                return depth
            }
        }
    }

    func claimCallbacks(owner: String, lease: Duration, countMax: Int) async throws(StoreError)
        -> (claims: [CallbackClaim], nextDue: Duration?)
    {
        try transaction { (tables) throws(StoreError) in
            let now = Date()
            var claims: [CallbackClaim] = []
            for index in tables.calls.indices where claims.count < countMax {
                guard var delivery = tables.calls[index].delivery, delivery.due <= now,
                    let url = tables.calls[index].new.callbackURL
                else { continue }
                delivery.attempt += 1
                delivery.due = now + lease.seconds
                delivery.claim = MemoryCall.Claim(owner: owner, until: delivery.due)
                tables.calls[index].delivery = delivery
                claims.append(
                    CallbackClaim(
                        owner: owner,
                        attempt: delivery.attempt,
                        url: url,
                        call: tables.calls[index].view,
                        output: tables.calls[index].output ?? .none
                    )
                )
            }
            let next = tables.calls.compactMap { $0.delivery?.due }.min()
            return (claims, next.map { .seconds(max(0, $0.timeIntervalSince(now))) })
        }
    }

    @discardableResult
    func settle(_ claim: CallbackClaim, _ ending: CallbackEnding) async throws(StoreError) -> Bool {
        try transaction { (tables) throws(StoreError) in
            let index = tables.calls.firstIndex {
                $0.id == claim.call.id && $0.delivery?.claim?.owner == claim.owner
                    && $0.delivery?.attempt == claim.attempt
            }
            guard let index else { return false }
            let now = Date()
            tables.calls[index].delivery?.claim = nil
            switch ending {
            case .delivered: tables.calls[index].noteDelivery(.delivered, nil)
            case .failed(let reason): tables.calls[index].noteDelivery(.failed, reason)
            case .retry(let wait, let reason):
                tables.calls[index].delivery?.due = now + wait.seconds
                tables.calls[index].noteDelivery(.pending, reason)
            case .released:
                tables.calls[index].delivery?.due = now
                tables.calls[index].delivery?.attempt -= 1
            }
            return true
        }
    }
}

extension MemoryCall {
    fileprivate mutating func noteDelivery(_ state: CallbackState, _ reason: String?) {
        (callbackState, callbackReason) = (state, reason)
        if state != .pending { delivery = nil }
    }
}

extension MemoryStore.Tables {
    /// Drops the outputs of these calls, in this order, until all of them fit.
    fileprivate mutating func dropOutputs(_ order: [Int], bytesMax: Int) -> [QueueContent] {
        var bytes = calls.map { $0.output?.sizeBytes ?? 0 }.reduce(0, +)
        var dropped: [QueueContent] = []
        for sequence in order where bytes > bytesMax {
            guard let index = calls.firstIndex(where: { $0.sequence == sequence }),
                let output = calls[index].output, output.sizeBytes > 0, calls[index].callbackState != .pending
            else { continue }
            bytes -= output.sizeBytes
            calls[index].output = nil
            dropped.append(output)
        }
        return dropped
    }
}
