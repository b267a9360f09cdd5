// SPDX-License-Identifier: Apache-2.0
// One status for each call: in the answer, the record, the metric and the log.

import Contracts
import Foundation
import FunctionModel
import NIOCore
import Scheduler
import Testing

@testable import Gateway

@Suite struct StatusTableTests {
    /// Every outcome and cause that a record can have, with its status.
    static let rows: [(Outcome, InvocationCause?, Int)] = [
        (.ok, nil, 200), (.exit, nil, 500), (.signal, nil, 500), (.oom, nil, 500), (.timeout, nil, 504),
        (.cancelled, nil, 499), (.lost, nil, 503), (.platform, nil, 502), (.platform, .functionBusy, 429),
        (.platform, .hostUnavailable, 503), (.platform, .cannotStart, 502),
        (.platform, .answerMalformed, 502),
        (.platform, .requestTooLarge, 431), (.platform, .requestInvalid, 400),
        (.platform, .bodyTooLarge, 413),
        (.exit, .functionFailed, 500), (.cancelled, .bodyMalformed, 400), (.cancelled, .bodyStalled, 408),
    ]

    @Test("the table has every outcome and every cause")
    func complete() {
        #expect(Set(Self.rows.map(\.0)) == Set(Outcome.allCases))
        #expect(Set(Self.rows.compactMap(\.1)) == Set(InvocationCause.allCases))
    }

    @Test("a call that is answered after its end: answer, metric and record have one status", arguments: rows)
    func whole(_ outcome: Outcome, _ cause: InvocationCause?, _ status: Int) async throws {
        let invoker = FakeInvoker.ending(outcome, output: "x") { $0.cause = cause }
        try await check(invoker, outcome, cause, isCommitted: false, status)
    }

    @Test(
        "a call whose answer has begun keeps the status that was sent, to HEAD too",
        arguments: rows,
        ["GET", "HEAD"]
    )
    func committed(_ row: (Outcome, InvocationCause?, Int), _ method: String) async throws {
        let (outcome, cause, _) = row
        let invoker = FakeInvoker { (function, request) throws(InvocationRefusal) in
            let record = FakeInvoker.record(function, request.id, outcome) {
                $0.cause = cause
                $0.responseStatus = 201
                $0.isCommitted = true
            }
            return .streaming(ResponseHead(status: 201), FakeOutput(["x"], record))
        }
        try await check(invoker, outcome, cause, isCommitted: true, 201, method)
    }

    private func check(
        _ invoker: FakeInvoker,
        _ outcome: Outcome,
        _ cause: InvocationCause?,
        isCommitted: Bool,
        _ status: Int,
        _ method: String = "GET"
    ) async throws {
        try await TestGateway.run(invoker) { gateway in
            let bytes = try await gateway.client.exchange(
                ["\(method) /function/hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"]
            )
            #expect(String(decoding: bytes, as: UTF8.self).hasPrefix("HTTP/1.1 \(status) "))
            let page = try await gateway.client.send("GET", "/metrics").body
            let counted = page.split(separator: "\n").filter {
                $0.hasPrefix("gateway_function_invocation_total{") && $0.contains("function_name=\"hello")
            }
            #expect(counted.count == 1 && counted[0].contains("code=\"\(status)\"} 1"), "\(counted)")
        }
        var record = FakeInvoker.record(try FunctionName("hello"), "1", outcome)
        record.cause = cause
        record.isCommitted = isCommitted
        if isCommitted { record.responseStatus = 201 }
        #expect(StatusTable.status(of: record) == status)
    }
}
