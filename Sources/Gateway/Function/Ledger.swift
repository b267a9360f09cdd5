// SPDX-License-Identifier: Apache-2.0
// Closes a call's account: headers, counters and the one log line, the same for every way a call can end.
// FunctionHandler and FunctionStreaming drive it.

import FunctionModel
import HTTPTypes
import Hummingbird

/// One call of one function, until its answer is known.
struct Ledger: Sendable {
    let function: FunctionTarget
    let call: Call
    let accessLog: AccessLog

    /// Signals appear in X-Exit-Code as shells show them: 128 and the signal's number.
    private static let signalBase = 128

    /// The answer of a function that ended with exit code 0.
    func succeed(_ record: Invocation, _ output: ByteBuffer, _ request: Request) -> Response {
        account(status: 200, record)
        var headers = HTTPFields()
        headers.reserveCapacity(6)
        headers[.contentType] = function.contentType ?? EventStream.type(of: output, for: request.headers)
        headers[.callID] = call.id
        appendEnding(record, to: &headers)
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: output))
    }

    /// The answer of a function that ended otherwise, before anything of it was sent.
    func fail(_ record: Invocation, _ problem: Problem) -> Response {
        account(status: problem.status, record)
        var response = problem.response(callID: call.id)
        appendEnding(record, to: &response.headers)
        response.headers[.outcome] = record.outcome.rawValue
        return response
    }

    /// The answer of a call that never became an invocation.
    func refuse(_ problem: Problem) -> Response {
        account(status: problem.status, nil)
        return problem.response(callID: call.id)
    }

    /// The client is gone: counted, answered to nobody.
    func abandon() -> Abandoned {
        account(status: Outcome.cancelled.httpStatus, nil)
        return Abandoned()
    }

    /// X-Duration-Seconds, X-Exit-Code, X-Exit-Signal and X-Limits-Reached.
    func appendEnding(_ record: Invocation, to headers: inout HTTPFields) {
        headers[.durationSeconds] = Decimal.seconds(milliseconds: record.totalMilliseconds)
        if let signal = record.signal {
            headers[.exitSignal] = String(signal)
            headers[.exitCode] = String(record.exitCode ?? Self.signalBase + signal)
        } else if let code = record.exitCode {
            headers[.exitCode] = code == 0 ? "0" : String(code)
        }
        if let limits = record.limitsReached {
            headers[.limitsReached] = limits.map(\.rawValue).joined(separator: ", ")
        }
    }

    func account(status: Int, _ record: Invocation?) {
        let seconds = call.arrived.elapsedSeconds(until: .now())
        function.metrics.ended(status: status, seconds: seconds)
        accessLog.write(function: function.name, callID: call.id, status: status, seconds: seconds, record)
    }
}
