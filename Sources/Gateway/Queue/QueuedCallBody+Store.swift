// SPDX-License-Identifier: Apache-2.0
// From the store's values to the bodies of the API.

import FoundationEssentials
import FunctionModel
import FunctionStore
import GatewayAPI

extension QueuedCallBody {
    /// An asynchronous call, with its last record when that is at hand.
    init(_ call: QueuedCall, record: Invocation? = nil) {
        self.init(
            id: call.id,
            function: call.function,
            trigger: .asynchronous,
            state: call.state.rawValue
        )
        attempts = call.attempts
        losses = call.losses
        acceptedAt = call.acceptedAt
        startedAt = call.startedAt
        finishedAt = call.finishedAt
        nextAttemptAt = call.nextAttemptAt
        bodyBytes = call.bodyBytes
        outputBytes = call.outputBytes
        status = call.result?.status
        outcome = call.result?.outcome
        exitCode = call.result?.exitCode
        signal = call.result?.signal
        reason = call.result?.reason
        callbackURL = call.callbackURL
        callbackState = call.callbackState?.rawValue
        callbackReason = call.callbackReason
        self.record = record
    }

    /// A call that was not queued, from its record.
    init(record: Invocation) {
        let state: QueuedCallState =
            switch record.outcome {
            case .ok: .succeeded
            case .cancelled: .cancelled
            default: .failed
            }
        self.init(
            id: record.id,
            function: record.function,
            trigger: record.trigger,
            state: state.rawValue
        )
        attempts = 1
        acceptedAt = record.startedAt
        startedAt = record.startedAt
        finishedAt = record.startedAt + record.totalMilliseconds / 1000
        bodyBytes = record.bytesIn
        status = record.status
        outcome = record.outcome
        exitCode = record.exitCode
        signal = record.signal
        self.record = record
    }
}
