// SPDX-License-Identifier: Apache-2.0
// The exit code of a call, from the answer's headers or, for an incomplete answer, from the record.

import Foundation
import FunctionModel
import GatewayAPI

/// The exit code of `invoke`.
enum InvocationExit {
    /// The exit code for an answer.
    ///
    /// - Parameters:
    ///   - head: the answer's status and headers.
    ///   - isFunctionCodeWanted: whether `--exit-code` was given.
    /// - Returns: 0 to 255.
    static func code(_ head: GatewayResponseHead, isFunctionCodeWanted: Bool) -> Int32 {
        let byStatus: Int32 = head.isSuccess ? 0 : 1
        guard isFunctionCodeWanted else { return byStatus }
        if head.headers["x-outcome"] == "timeout" { return timeoutCode }
        if let text = head.headers["x-exit-code"], let code = Int32(text) { return code }
        if let text = head.headers["x-exit-signal"], let signal = Int32(text) { return signalBase + signal }
        return byStatus
    }

    /// The same from a record.
    static func code(_ record: Invocation) -> Int32 {
        if record.outcome == .timeout { return timeoutCode }
        if let signal = record.signal { return signalBase + Int32(clamping: signal) }
        return record.exitCode.map { Int32(clamping: $0) } ?? 1
    }

    /// The exit code of timeout(1).
    private static let timeoutCode: Int32 = 124
    /// The exit code with which shells report a death by signal.
    private static let signalBase: Int32 = 128
}

/// A call with an incomplete answer: only its record has the function's end.
struct BrokenCall {
    let client: GatewayClient
    let function: String
    let id: String

    /// Newest records to search: more calls may end before the request for them.
    private static let searchLimit = 200

    /// The failure with the record's reason and code; unchanged without a record.
    func explained(_ failure: CommandFailure, isFunctionCodeWanted: Bool) async -> CommandFailure {
        var request = GatewayRequest("GET", APIPath.invocations)
        request.query = [("function", function), ("limit", "\(Self.searchLimit)")]
        // The history needs credentials, which the caller of a function may lack.
        guard let records = try? await client.value([Invocation].self, request, failure.what),
            let record = records.first(where: { $0.id == id })
        else { return failure }
        var explained = failure
        explained.why =
            "the function ended with '\(InvocationsCommand.ending(record))' after its answer had begun"
        explained.next = "see 'faasctl logs \(function) --invocation \(id)'"
        if isFunctionCodeWanted { explained.exitCode = InvocationExit.code(record) }
        return explained
    }
}

extension GatewayResponseHead {
    /// Whether the body is the platform's own (RFC 9457).
    var isProblem: Bool {
        !isSuccess && (headers["content-type"] ?? "").hasPrefix(ProblemBody.mediaType)
    }
}
