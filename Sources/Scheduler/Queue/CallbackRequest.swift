// SPDX-License-Identifier: Apache-2.0
// One POST of a result, with OpenFaaS's header fields. CallbackService sends it.

import Foundation
import FunctionModel
import FunctionStore
import HTTPClient
import HTTPTypes

/// Makes and sends the requests of callbacks.
struct CallbackRequest: Sendable {
    /// What may be connected to.
    let destinations: DestinationPolicy
    /// The edge's status table.
    let statusOf: @Sendable (Invocation) -> Int

    /// Silence after which a receiver counts as gone.
    private static let idleSeconds = 20
    /// The whole delivery; a receiver that takes longer holds up others.
    private static let deliveryMax = Duration.seconds(100)

    /// What came of it.
    enum Result: Hashable, Sendable {
        case delivered
        /// Another attempt may help.
        case failed(reason: String, retryAfter: Duration?)
        /// No other attempt will.
        case refused(reason: String)
        case cancelled
    }

    /// Sends the result once.
    func send(_ claim: CallbackClaim) async -> Result {
        guard let url = URL(string: claim.url) else { return .refused(reason: "its address is no URL") }
        var request = HTTPClient.HTTPRequest("POST", url, fields: fields(of: claim.call))
        request.destinations = destinations
        switch claim.output {
        case .none: break
        case .bytes(let bytes): request.body = .bytes(bytes)
        case .file(let file): request.body = .file(path: file.path)
        }
        let sending = Task { [request] in
            await HTTPLane(idleTimeoutSeconds: Self.idleSeconds).perform(request, into: IgnoringSink())
        }
        let limit = Task {
            try await Task.sleep(for: Self.deliveryMax)
            sending.cancel()
        }
        defer { limit.cancel() }
        let answer = await withTaskCancellationHandler {
            await sending.value
        } onCancel: {
            sending.cancel()
        }
        return Task.isCancelled ? .cancelled : Self.result(answer)
    }

    private static func result(_ answer: Swift.Result<HTTPHead, TransportFailure>) -> Result {
        switch answer {
        case .success(let head) where head.isSuccess: return .delivered
        case .success(let head):
            let wait = head["retry-after"].flatMap(Int64.init).map { Duration.seconds(max(0, $0)) }
            let reason = "the receiver answered with status \(head.status)"
            let mayHelp = head.status >= 500 || [408, 425, 429].contains(head.status)
            return mayHelp ? .failed(reason: reason, retryAfter: wait) : .refused(reason: reason)
        case .failure(let failure) where failure.cause == .forbidden:
            return .refused(reason: "callbacks may not go to that address: \(failure.reason)")
        case .failure(let failure): return .failed(reason: failure.reason, retryAfter: nil)
        }
    }

    /// The function's own fields that mean something beside its output, and what the gateway says of the call.
    ///
    /// A field of a function must not become one that steers the request, such as Host or Content-Length.
    func fields(of call: QueuedCall) -> [String: String] {
        var fields: [String: String] = [:]
        for field in call.result?.head.map(QueuedHead.fields) ?? HTTPFields() {
            let name = field.name.canonicalName
            guard Self.passed.contains(name) || name.hasPrefix("x-") else { continue }
            fields[name] = fields[name].map { $0 + ", " + field.value } ?? field.value
        }
        fields["x-call-id"] = call.id
        fields["x-function-name"] = call.function.text
        fields["x-function-status"] = String(status(of: call))
        fields["x-duration-seconds"] = Self.seconds(milliseconds: call.result?.milliseconds ?? 0)
        if fields["content-type"] == nil { fields["content-type"] = "application/octet-stream" }
        return fields
    }

    private static let passed: Set<String> = [
        "content-type", "content-language", "content-encoding", "content-disposition", "location", "link",
        "etag", "last-modified",
    ]

    /// As OpenFaaS has it: "unavailable" where the function was not reached.
    private func status(of call: QueuedCall) -> Int {
        if let status = call.result?.status { return status }
        var record = Invocation(
            id: call.id,
            function: call.function,
            revision: 0,
            trigger: .asynchronous,
            startedAt: call.acceptedAt,
            outcome: .platform
        )
        record.cause = .hostUnavailable
        return statusOf(record)
    }

    /// Seconds with six digits.
    static func seconds(milliseconds: Double) -> String {
        let microseconds = Int64(min(max(0, milliseconds.isFinite ? milliseconds : 0), 1e12) * 1000)
        let fraction = String(microseconds % 1_000_000)
        return "\(microseconds / 1_000_000)." + String(repeating: "0", count: 6 - fraction.count) + fraction
    }
}

/// Takes an answer's body for nothing: only the status counts.
private final class IgnoringSink: BodySink {
    func begin(_ head: HTTPHead) -> Bool { true }
    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool { true }
}
