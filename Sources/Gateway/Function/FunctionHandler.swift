// SPDX-License-Identifier: Apache-2.0
// Turns one HTTP request into one invocation and its answer into a response. Edge drives it on the hot path:
// nothing here blocks, parses JSON or formats what nobody reads.

import FoundationEssentials
import FunctionModel
import HTTPTypes
import Hummingbird
import Scheduler

/// Serves `/function/NAME` and the functions' own routes.
struct FunctionHandler: Sendable {
    /// A response, and the gauge of the body when it came in pieces.
    struct Served: Sendable {
        var response: Response
        var gauge: BodyGauge?
    }

    let invoker: any FunctionInvoker
    let guardian: LoginGuard
    let accessLog: AccessLog
    /// The end of what an invocation wrote to stderr; asked only for functions with `expose_errors`.
    let errorOutput: @Sendable (_ callID: String) async -> String?

    /// Runs the function.
    ///
    /// Problems of the call are part of the answer.
    ///
    /// - Throws: ``Abandoned`` when nobody is there to read an answer; a parser's error when the request broke off.
    func serve(_ request: Request, _ match: RouteMatch, _ call: Call) async throws -> Served {
        let function = match.function
        function.metrics.began()
        let ledger = Ledger(function: function, call: call, accessLog: accessLog)
        var user: String?
        if function.requiresCredentials {
            switch await guardian.check(request.headers[.authorization], from: call.connection.remoteAddress)
            {
            case .admin(let name): user = name
            case .refused(let problem): return Served(response: ledger.refuse(problem))
            }
        }
        switch try await take(request, ledger) {
        case .refused(let problem, let gauge): return Served(response: ledger.refuse(problem), gauge: gauge)
        case .body(let body, let gauge):
            var invocation: InvocationRequest
            do throws(RequestVariables.Refusal) {
                invocation = try makeRequest(request, match, call, user: user, body: body)
            } catch {
                return Served(
                    response: ledger.refuse(.malformed("the path contains a NUL byte or is not UTF-8")),
                    gauge: gauge
                )
            }
            invocation.bodyMonitor = gauge?.monitor
            call.connection.setBody(gauge)
            defer { call.connection.setBody(nil) }
            let response = try await invoke(invocation, request, gauge, ledger)
            return Served(response: response, gauge: gauge)
        }
    }

    /// A request's body, or why there is none.
    private enum Intake {
        case body(Scheduler.RequestBody, BodyGauge?)
        case refused(Problem, BodyGauge?)
    }

    /// Takes the body in, as far as it has to be here before anything starts.
    private func take(_ request: Request, _ ledger: Ledger) async throws -> Intake {
        let function = ledger.function
        let bytesMax = function.bodyBytesMax
        var gauge: BodyGauge?
        do {
            switch BodyPlan(request.headers, bytesMax: bytesMax) {
            case .none: return .body(.none, nil)
            case .tooLarge: return .refused(.bodyTooLarge(bytesMax: bytesMax), nil)
            case .malformed: return .refused(.malformed("the Content-Length is not a number"), nil)
            case .whole(let bytes): return .body(.whole(try await request.body.collect(upTo: bytes)), nil)
            case .stream:
                let made = BodyGauge(request.body, bytesMax: bytesMax)
                gauge = made
                // A function that streams may answer before its request has ended.
                if function.streams { return .body(made.stream(), made) }
                switch try await made.begin(upTo: BodyPlan.wholeBytesMax) {
                case .whole(let bytes): return .body(.whole(bytes), made)
                case .more: return .body(made.stream(), made)
                }
            }
        } catch is RequestBodyTooLarge {
            return .refused(.bodyTooLarge(bytesMax: bytesMax), gauge)
        } catch RequestRefusal.brokenOff {
            throw ledger.abandon()
        } catch let refusal as RequestRefusal {
            invoker.recordUnadmitted(
                function.name,
                id: ledger.call.id,
                arrivedAt: ledger.call.arrived.date,
                refusal.bodyFailure
            )
            return .refused(Problem(refusal), nil)
        }
    }

    private func makeRequest(
        _ request: Request,
        _ match: RouteMatch,
        _ call: Call,
        user: String?,
        body: Scheduler.RequestBody
    ) throws(RequestVariables.Refusal) -> InvocationRequest {
        let connection = call.connection
        let around = RequestVariables.Surroundings(
            remoteAddress: connection.remoteAddress,
            remotePort: connection.remotePort,
            localAddress: connection.localAddress,
            localPort: connection.localPort,
            isSecure: false,
            version: connection.version,
            callID: call.id,
            startedNanoseconds: call.arrived.unixNanoseconds,
            user: user
        )
        let variables = try RequestVariables.make(request.head, match, query: call.target.query, around)
        var invocation = InvocationRequest(
            id: call.id,
            trigger: .http,
            variables: variables.text,
            body: body,
            arrivedAt: call.arrived.date
        )
        invocation.byteVariables = variables.bytes
        invocation.wantsStream = match.function.streams || Self.acceptsStream(request.headers[.accept])
        return invocation
    }

    private func invoke(
        _ invocation: InvocationRequest,
        _ request: Request,
        _ gauge: BodyGauge?,
        _ ledger: Ledger
    ) async throws -> Response {
        let answer: InvocationAnswer
        do throws(InvocationRefusal) {
            answer = try await invoker.invoke(ledger.function.name, invocation)
        } catch {
            if ledger.call.connection.isLost { throw ledger.abandon() }
            if let problem = gauge?.problem { return ledger.refuse(problem) }
            return ledger.refuse(await shown(Problem(error), request, ledger))
        }
        switch answer {
        case .complete(let output, let record):
            if ledger.call.connection.isLost { throw ledger.abandon() }
            if let problem = gauge?.problem { return ledger.refuse(problem) }
            guard let problem = Problem(record) else { return ledger.succeed(record, output, request) }
            return ledger.fail(record, await explained(problem, ledger))
        case .streaming(let output):
            if request.method == .head { return await drained(output, request, ledger) }
            var streaming = FunctionStreaming(output: output, ledger: ledger)
            streaming.sendsTrailers = Self.acceptsTrailers(request.headers[values: .te])
            return await streaming.response(to: request)
        }
    }

    /// Trailers go to everybody but a client whose TE field names what it takes, and not `trailers` with it
    /// (RFC 9110, section 10.1.4).
    ///
    /// Some clients fail on trailers: this is how they say so.
    static func acceptsTrailers(_ fields: [String]) -> Bool {
        fields.isEmpty || fields.contains { $0.lowercased().contains("trailers") }
    }

    /// The answer to HEAD: the function runs as for GET, and its output is only counted.
    private func drained(_ output: any OutputStream, _ request: Request, _ ledger: Ledger) async -> Response {
        var length = 0
        await withTaskCancellationHandler {
            while let piece = await output.next() {
                await ledger.call.connection.turns.next()
                length += piece.readableBytes
            }
        } onCancel: {
            output.cancel()
        }
        let record = await output.ending()
        if let problem = Problem(record) { return ledger.fail(record, await explained(problem, ledger)) }
        var response = ledger.succeed(record, ByteBuffer(), request)
        response.headers[.contentLength] = String(length)
        return response
    }

    /// A problem as this caller may read it: what is wrong with function or host is for administrators.
    private func shown(_ problem: Problem, _ request: Request, _ ledger: Ledger) async -> Problem {
        guard problem.adminDetail != nil, let field = request.headers[.authorization],
            case .admin = await guardian.check(field, from: ledger.call.connection.remoteAddress)
        else { return problem }
        return problem.forAdmin
    }

    private func explained(_ problem: Problem, _ ledger: Ledger) async -> Problem {
        guard ledger.function.exposesErrors, let text = await errorOutput(ledger.call.id), !text.isEmpty
        else { return problem }
        var problem = problem
        problem.detail += ": " + text
        return problem
    }

    /// Characters of an unknown name that a problem repeats.
    static let nameShownMax = 64

    /// Whether the client wants to see output as it comes (Server-Sent Events, or lines of JSON).
    static func acceptsStream(_ accept: String?) -> Bool {
        guard let accept else { return false }
        return accept.contains("text/event-stream") || accept.contains("application/x-ndjson")
    }
}
