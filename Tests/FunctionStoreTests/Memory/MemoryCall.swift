// SPDX-License-Identifier: Apache-2.0
// One asynchronous call of MemoryStore, and what its events make of it.

import Foundation
import FunctionModel

@testable import FunctionStore

/// A call with its claim and the delivery of its result.
struct MemoryCall {
    /// A claim, of the call or of its delivery.
    struct Claim {
        var owner: String
        var until: Date
    }

    struct Delivery {
        var claim: Claim?
        var attempt = 0
        var due: Date
    }

    let sequence: Int
    let new: NewQueuedCall
    let id: String
    let acceptedAt: Date
    var body: QueueContent
    var state = QueuedCallState.queued
    var due: Date
    var claim: Claim?
    var attempt = 0
    var used = 0
    var losses = 0
    var isCancelled = false
    var startedAt: Date?
    var finishedAt: Date?
    var result: QueueResult?
    var output: QueueContent?
    var delivery: Delivery?
    var callbackState: CallbackState?
    var callbackReason: String?

    init(_ new: NewQueuedCall, id: String, sequence: Int, now: Date) {
        (self.new, self.id, self.sequence, body, acceptedAt, due) = (new, id, sequence, new.body, now, now)
    }

    var isUnfinished: Bool { !state.isFinal }
    var contentBytes: Int { body.sizeBytes + (output?.sizeBytes ?? 0) }

    /// The call as operators see it.
    var view: QueuedCall {
        QueuedCall(
            id: id,
            function: new.function,
            state: state,
            attempts: used,
            losses: losses,
            acceptedAt: acceptedAt,
            startedAt: startedAt,
            finishedAt: finishedAt,
            nextAttemptAt: state == .queued || state == .waiting ? due : nil,
            bodyBytes: new.body.sizeBytes,
            outputBytes: output?.sizeBytes,
            result: result,
            callbackURL: new.callbackURL,
            callbackState: callbackState,
            callbackReason: callbackReason
        )
    }

    mutating func claimed(by owner: String, lease: Duration, now: Date) -> QueueClaim {
        state = .running
        attempt += 1
        startedAt = now
        claim = Claim(owner: owner, until: now + lease.seconds)
        return QueueClaim(
            id: id,
            function: new.function,
            owner: owner,
            attempt: attempt,
            attemptsUsed: used,
            losses: losses,
            head: new.head,
            body: body,
            acceptedAt: acceptedAt
        )
    }

    /// Its gateway is gone.
    mutating func lost(now: Date) {
        losses += 1
        claim = nil
        due = now
        state = isCancelled ? .cancelled : pending
        finishedAt = isCancelled ? now : nil
    }

    /// Its claim ended.
    ///
    /// - Returns: contents that it no longer refers to.
    mutating func ended(_ ending: QueueEnding, now: Date) -> [QueueContent] {
        var dropped: [QueueContent] = []
        func keep(_ result: QueueResult, _ output: QueueContent) {
            if let old = self.output { dropped.append(old) }
            (self.result, self.output) = (result, output)
            used += 1
        }
        claim = nil
        switch ending {
        case .finished(let state, let result, let output):
            keep(result, output)
            self.state = state
        case .retry(let wait, let result, let output):
            keep(result, output)
            due = now + wait.seconds
            state = isCancelled ? .cancelled : .waiting
        case .released(let wait):
            due = now + wait.seconds
            state = isCancelled ? .cancelled : pending
        }
        if state.isFinal { finishedAt = now }
        if state == .succeeded {
            dropped.append(body)
            body = .none
        }
        if new.callbackURL != nil, state == .succeeded || state == .failed {
            delivery = Delivery(due: now)
            callbackState = .pending
        }
        return dropped
    }

    /// An operator wants it to run again.
    mutating func queuedAgain(now: Date) {
        (state, used, losses, due, finishedAt, isCancelled) = (.queued, 0, 0, now, nil, false)
        (delivery, callbackState, callbackReason) = (nil, nil, nil)
    }

    private var pending: QueuedCallState { used > 0 ? .waiting : .queued }
}

extension Duration {
    var seconds: TimeInterval {
        TimeInterval(components.seconds) + TimeInterval(components.attoseconds) / 1e18
    }
}
