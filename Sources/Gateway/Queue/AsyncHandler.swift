// SPDX-License-Identifier: Apache-2.0
// Turns a POST to /async-function/NAME into a queued call. Edge drives it.

import Contracts
import FunctionModel
import HTTPTypes
import Hummingbird
import Scheduler

/// Accepts asynchronous calls: 202 only when the call is on the disk.
struct AsyncHandler: Sendable {
    /// Takes in bodies and checks credentials, as for a call that runs at once.
    let functions: FunctionHandler
    let queue: any AsynchronousCalls

    /// Matters between this client and the gateway: the function is not shown them.
    private static let own: [HTTPField.Name] = [.callbackURL, .expect, .transferEncoding, .callID]

    /// Accepts the call.
    ///
    /// - Throws: ``Abandoned`` when there is no client to read an answer; a parser's error when the request was
    ///   incomplete.
    func serve(_ request: Request, _ match: RouteMatch, _ call: ReceivedCall) async throws
        -> FunctionHandler.Served
    {
        match.function.metrics.began()
        let accounting = CallAccounting(
            function: match.function,
            call: call,
            accessLog: functions.accessLog,
            trace: CallTrace(request.headers, method: request.method, functions.spans)
        )
        let admission: Admission
        do throws(Problem) {
            admission = try await functions.door.admit(request, to: match.function, call)
        } catch {
            return .init(response: accounting.refuse(error))
        }
        defer { withExtendedLifetime(admission) {} }
        switch try await functions.take(request, accounting, admission) {
        case .refused(let problem, let gauge):
            return .init(response: accounting.refuse(problem), gauge: gauge)
        case .body(let body, let gauge):
            call.connection.setBody(gauge)
            defer { call.connection.setBody(nil) }
            var queued = makeRequest(request, match, call, admission, body: body)
            accounting.trace?.apply(to: &queued.head.fields)
            let response = try await accept(queued, request, gauge, accounting)
            return .init(response: response, gauge: gauge)
        }
    }

    /// The request as its function would see it on `/function/NAME`.
    private func makeRequest(
        _ request: Request,
        _ match: RouteMatch,
        _ call: ReceivedCall,
        _ admission: Admission,
        body: Scheduler.RequestBody
    ) -> InvocationRequest {
        var queued = functions.makeRequest(request, match, call, admission, body: body)
        queued.trigger = .asynchronous
        // Not the revision that was drawn: an attempt runs what the alias leads to then.
        queued.version = match.version
        queued.head.target = match.scriptName + match.rest + (call.target.query.map { "?" + $0 } ?? "")
        for name in Self.own { queued.head.fields[name] = nil }
        return queued
    }

    private func accept(
        _ queued: InvocationRequest,
        _ request: Request,
        _ gauge: BodyGauge?,
        _ accounting: CallAccounting
    ) async throws -> Response {
        do {
            let id = try await queue.accept(
                accounting.function.name,
                queued,
                callback: request.headers[.callbackURL]
            )
            return accounting.accept(id: id)
        } catch {
            if accounting.call.connection.isLost { throw accounting.abandon() }
            if let problem = gauge?.problem { return accounting.refuse(problem) }
            if case RequestRefusal.brokenOff = error { throw accounting.abandon() }
            return accounting.refuse(Problem(translating: error))
        }
    }
}
