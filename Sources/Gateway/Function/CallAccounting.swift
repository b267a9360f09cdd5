// SPDX-License-Identifier: Apache-2.0
// Headers, counters and the one log line of a call, the same for each of its possible ends. FunctionHandler and
// FunctionStreaming call it.

import Contracts
import FunctionModel
import HTTPTypes
import Hummingbird

/// One call of one function, until its answer is known.
struct CallAccounting: Sendable {
    let function: FunctionTarget
    let call: ReceivedCall
    let accessLog: AccessLog
    /// Nil when the call belongs to none.
    let trace: CallTrace?

    /// Signals appear in X-Exit-Code as shells show them: 128 and the signal's number.
    private static let signalBase = 128

    /// The answer of a function that ended well.
    func succeed(_ record: Invocation, _ head: ResponseHead, _ output: ByteBuffer, _ request: Request)
        -> Response
    {
        let status = account(record)
        var headers = head.fields
        let output = head.hasContent ? output : ByteBuffer()
        // A HEAD request's body was not written: its length is the one that the function names.
        if request.method != .head || output.readableBytes > 0 { headers[.contentLength] = nil }
        headers[.callID] = call.id
        appendEnding(record, to: &headers)
        return Response(status: .init(code: status), headers: headers, body: ResponseBody(byteBuffer: output))
    }

    /// The answer of a function that ended otherwise, before anything of it was sent.
    func fail(_ record: Invocation, _ problem: Problem) -> Response {
        account(record)
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

    /// The answer of a call that was queued.
    func accept(id: String) -> Response {
        let status = HTTPResponse.Status.accepted
        account(status: status.code, nil)
        return Response(status: status, headers: [.callID: id])
    }

    /// The client is gone: the call is counted, and no answer is sent.
    func abandon(_ record: Invocation? = nil) -> Abandoned {
        if let record { account(record) } else { account(status: StatusTable.status(.cancelled), nil) }
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

    /// Counts a call that ran; returns its status, which is the record's.
    @discardableResult
    func account(_ record: Invocation) -> Int {
        let status = StatusTable.status(of: record)
        account(status: status, record)
        return status
    }

    private func account(status: Int, _ record: Invocation?) {
        let seconds = call.arrived.elapsedSeconds(until: .now())
        function.metrics.ended(status: status, seconds: seconds, traceID: trace?.sampledID)
        accessLog.write(function: function.name, callID: call.id, status: status, seconds: seconds, record)
        trace?.end(function.name, call, status: status, record)
    }
}
