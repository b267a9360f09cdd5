// SPDX-License-Identifier: Apache-2.0
// One run of a queued call: from its row to a request, from the answer to what the store keeps. CallQueue makes them.

import Contracts
import FoundationEssentials
import FunctionModel
import FunctionStore
import HTTPTypes
import NIOCore

/// Runs one claimed call.
struct QueuedAttempt: Sendable {
    let claim: QueueClaim
    let store: any QueueRepository
    let invoker: TracedInvoker
    /// The edge's status table.
    let statusOf: @Sendable (Invocation) -> Int

    /// How it went.
    enum End: Sendable {
        /// It ran, or it never can.
        case answered(status: Int?, QueueResult, output: QueueContent, retryAfter: Duration?)
        case cancelled(QueueResult)
        /// There was no room for it: nothing was run.
        case refused(retryAfter: Duration)
    }

    /// Bodies and outputs up to this are rows of the database.
    static let inlineBytesMax = 64 << 10

    /// Runs the call and reads its answer to the end.
    func run() async -> End {
        let began = ContinuousClock.now
        guard var head = QueuedHead.decode(claim.head, callID: claim.id),
            let name = HTTPField.Name("X-Call-Id")
        else { return never("the request's row does not decode", began) }
        head.fields[name] = claim.id
        var request = InvocationRequest(
            trigger: .asynchronous,
            head: head,
            body: QueuedBody.request(claim.body),
            arrivedAt: Date()
        )
        request.version = QueuedHead.version(claim.head)
        do throws(InvocationRefusal) {
            let origin = CallSpan.Origin.asynchronous(attempt: claim.attemptsUsed + 1)
            let answer = try await invoker.invoke(claim.function, request, as: origin)
            return try await read(answer, began)
        } catch {
            return refusal(error, began)
        }
    }

    private func read(_ answer: InvocationAnswer, _ began: ContinuousClock.Instant)
        async throws(InvocationRefusal) -> End
    {
        switch answer {
        case .redirected(_, let record): return end(record, HTTPFields(), .none)
        case .complete(let head, let output, let record):
            do throws(StoreError) {
                return end(record, head.fields, try await QueuedBody.store(output, in: store))
            } catch {
                return never("the output cannot be kept: \(error)", began)
            }
        case .streaming(let head, let output):
            let stored = await withTaskCancellationHandler {
                await Self.result { () async throws(StoreError) in
                    try await QueuedBody.store(output, in: store)
                }
            } onCancel: {
                output.cancel()
            }
            switch stored {
            case .success(let content): return end(await output.ending(), head.fields, content)
            case .failure(let error):
                output.cancel()
                _ = await output.ending()
                return never("the output cannot be kept: \(error)", began)
            }
        }
    }

    private static func result(_ body: () async throws(StoreError) -> QueueContent) async
        -> Result<QueueContent, StoreError>
    {
        do throws(StoreError) { return .success(try await body()) } catch { return .failure(error) }
    }

    /// It ran: what the record says.
    private func end(_ record: Invocation, _ fields: HTTPFields, _ output: QueueContent) -> End {
        var result = QueueResult(outcome: record.outcome, milliseconds: record.totalMilliseconds)
        let status = statusOf(record)
        result.revision = record.revision
        result.status = status
        result.exitCode = record.exitCode
        result.signal = record.signal
        result.head = QueuedHead.encode(fields)
        if record.outcome == .cancelled, record.cause == nil {
            store.discard(output)
            return .cancelled(result)
        }
        return .answered(status: status, result, output: output, retryAfter: Self.retryAfter(fields))
    }

    private func refusal(_ refusal: InvocationRefusal, _ began: ContinuousClock.Instant) -> End {
        switch refusal {
        case .busy(let seconds), .unavailable(_, let seconds), .serviceDown(_, let seconds):
            return .refused(retryAfter: .seconds(seconds))
        case .cancelled: return .cancelled(QueueResult(outcome: .cancelled))
        case .unknownFunction(let name): return never("no function named '\(name)'", began)
        case .unknownVersion(let name, let version):
            return never("function '\(name)' has no version '\(version)'", began)
        case .requestTooLarge(let bytes, let max):
            return never("the head makes an environment of \(bytes) bytes, more than \(max)", began)
        case .requestInvalid(.eventNotJSON): return never("the body is not JSON", began)
        case .requestInvalid: return never("the contract cannot pass the request on", began)
        case .bodyFailed: return never("the body cannot be read", began)
        case .cannotStart(let reason):
            var record = Invocation(
                id: claim.id,
                function: claim.function,
                revision: 0,
                trigger: .asynchronous,
                startedAt: Date(),
                outcome: .platform
            )
            record.cause = refusal.cause
            var result = QueueResult(
                outcome: .platform,
                milliseconds: (ContinuousClock.now - began) / .milliseconds(1)
            )
            result.status = statusOf(record)
            result.reason = reason
            return .answered(status: result.status, result, output: .none, retryAfter: nil)
        }
    }

    /// No further attempt can help.
    private func never(_ reason: String, _ began: ContinuousClock.Instant) -> End {
        var result = QueueResult(
            outcome: .platform,
            milliseconds: (ContinuousClock.now - began) / .milliseconds(1)
        )
        result.reason = reason
        return .answered(status: nil, result, output: .none, retryAfter: nil)
    }

    /// Retry-After in seconds; its form as a date is not read.
    static func retryAfter(_ fields: HTTPFields) -> Duration? {
        guard let text = fields[.retryAfter], let seconds = Int64(text), seconds >= 0 else { return nil }
        return .seconds(seconds)
    }
}
