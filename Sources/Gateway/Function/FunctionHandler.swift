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
    let credentials: Credentials
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
            user = credentials.user(authorizing: request.headers[.authorization])
            if user == nil { return Served(response: ledger.refuse(.unauthorized)) }
        }
        let plan = BodyPlan(request.headers, bytesMax: function.bodyBytesMax)
        let gauge = plan == .stream ? BodyGauge() : nil
        let body: Scheduler.RequestBody
        switch plan {
        case .none: body = .none
        case .whole(let bytes): body = .whole(try await request.body.collect(upTo: bytes))
        case .stream:
            body = gauge?.stream(request.body, bytesMax: function.bodyBytesMax) ?? .none
        case .tooLarge:
            return Served(response: ledger.refuse(.bodyTooLarge(bytesMax: function.bodyBytesMax)))
        case .malformed:
            return Served(response: ledger.refuse(.malformed("the Content-Length is no number")))
        }
        let invocation: InvocationRequest
        do throws(RequestVariables.Refusal) {
            invocation = try makeRequest(request, match, call, user: user, body: body)
        } catch {
            return Served(response: ledger.refuse(.malformed("the path holds a NUL byte or is no UTF-8")))
        }
        let response = try await invoke(invocation, request, gauge, ledger)
        return Served(response: response, gauge: gauge)
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
            variables: variables,
            body: body,
            arrivedAt: Date(timeIntervalSince1970: Double(call.arrived.unixNanoseconds) / 1e9)
        )
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
            if gauge?.progress == .overflowed {
                return ledger.refuse(.bodyTooLarge(bytesMax: ledger.function.bodyBytesMax))
            }
            return ledger.refuse(Problem(error))
        }
        switch answer {
        case .complete(let output, let record):
            if ledger.call.connection.isLost { throw ledger.abandon() }
            if gauge?.progress == .overflowed {
                return ledger.refuse(.bodyTooLarge(bytesMax: ledger.function.bodyBytesMax))
            }
            guard let problem = Problem(record) else { return ledger.succeed(record, output) }
            return ledger.fail(record, await explained(problem, ledger))
        case .streaming(let output):
            if request.method == .head { return await drained(output, ledger) }
            var streaming = FunctionStreaming(output: output, ledger: ledger)
            streaming.sendsTrailers = Self.acceptsTrailers(request.headers[values: .te])
            return streaming.response()
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
    private func drained(_ output: any OutputStream, _ ledger: Ledger) async -> Response {
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
        var response = ledger.succeed(record, ByteBuffer())
        response.headers[.contentLength] = String(length)
        return response
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
