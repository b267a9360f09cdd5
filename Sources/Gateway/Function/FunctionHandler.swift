// SPDX-License-Identifier: Apache-2.0
// Turns one HTTP request into one invocation and its answer into a response. Edge drives it on the hot path:
// no operation here blocks, parses JSON or formats text that is not needed.

import Contracts
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

    /// What a function makes of a request.
    enum Reply: Sendable {
        case response(Response)
        /// The gateway serves this path and query instead.
        case redirect(String)
    }

    let invoker: any FunctionInvoker
    let guardian: LoginGuard
    let door: FunctionDoor
    let accessLog: AccessLog
    /// Nil when calls are not traced.
    let spans: (any SpanSink)?
    /// The end of what an invocation wrote to stderr; asked only for functions with `expose_errors`.
    let errorOutput: @Sendable (_ callID: String) async -> String?

    /// Runs the function.
    ///
    /// Problems of the call are part of the answer.
    ///
    /// - Throws: ``Abandoned`` when there is no client to read an answer; a parser's error when the connection was
    ///   closed before the request was complete.
    func serve(_ request: Request, _ match: RouteMatch, _ call: ReceivedCall) async throws
        -> (reply: Reply, gauge: BodyGauge?)
    {
        let function = match.function
        function.metrics.began()
        let accounting = CallAccounting(
            function: function,
            call: call,
            accessLog: accessLog,
            trace: CallTrace(request.headers, method: request.method, spans)
        )
        let admission: Admission
        do throws(Problem) {
            admission = try await door.admit(request, to: function, call)
        } catch {
            return (.response(accounting.refuse(error)), nil)
        }
        // The memory of a signed body is taken until its call has ended.
        defer { withExtendedLifetime(admission) {} }
        switch try await take(request, accounting, admission) {
        case .refused(let problem, let gauge): return (.response(accounting.refuse(problem)), gauge)
        case .body(let body, let gauge):
            var invocation = makeRequest(request, match, call, admission, body: body)
            invocation.bodyMonitor = gauge?.monitor
            accounting.trace?.apply(to: &invocation.head.fields)
            call.connection.setBody(gauge)
            defer { call.connection.setBody(nil) }
            return (try await invoke(invocation, request, gauge, accounting), gauge)
        }
    }

    /// A request's body, or why there is none.
    enum Intake {
        case body(Scheduler.RequestBody, BodyGauge?)
        case refused(Problem, BodyGauge?)
    }

    /// Takes the body in, as far as it has to be here before anything starts; a signed one is checked.
    func take(_ request: Request, _ accounting: CallAccounting, _ admission: Admission) async throws -> Intake
    {
        let intake = try await read(request, accounting, admission)
        guard case .body(let body, let gauge) = intake, admission.webhook != nil else { return intake }
        do throws(Problem) {
            switch body {
            case .none:
                try await door.verify(ByteBuffer(), admission, to: accounting.function, accounting.call)
            case .whole(let bytes):
                try await door.verify(bytes, admission, to: accounting.function, accounting.call)
            // Not read yet: nothing of it can be checked.
            case .stream: throw .malformed("a signed body has to be read whole")
            }
            return intake
        } catch {
            return .refused(error, gauge)
        }
    }

    private func read(_ request: Request, _ accounting: CallAccounting, _ admission: Admission) async throws
        -> Intake
    {
        let function = accounting.function
        let bytesMax = function.bodyBytesMax
        var gauge: BodyGauge?
        if request.headers[.upgrade] != nil {
            guard function.takesUpgrades else { return .body(.none, nil) }
            // What the client sends once the function's server has agreed.
            let made = BodyGauge(request.body, bytesMax: bytesMax)
            return .body(made.stream(), made)
        }
        do {
            switch BodyPlan(request.headers, bytesMax: bytesMax) {
            case .none: return .body(.none, nil)
            case .tooLarge: return .refused(.bodyTooLarge(bytesMax: bytesMax), nil)
            case .malformed: return .refused(.malformed("the Content-Length is not a number"), nil)
            case .whole(let bytes): return .body(.whole(try await request.body.collect(upTo: bytes)), nil)
            case .stream:
                let made = BodyGauge(request.body, bytesMax: bytesMax)
                gauge = made
                if let webhook = admission.webhook {
                    guard case .whole(let bytes) = try await made.begin(upTo: .max, taking: webhook.share)
                    else { return .refused(.bodyTooLarge(bytesMax: bytesMax), made) }
                    return .body(.whole(bytes), made)
                }
                // A function that streams may answer before its request has ended.
                if function.streams { return .body(made.stream(), made) }
                switch try await made.begin(upTo: BodyPlan.wholeBytesMax) {
                case .whole(let bytes): return .body(.whole(bytes), made)
                case .more: return .body(made.stream(), made)
                }
            }
        } catch is RequestBodyTooLarge {
            return .refused(.bodyTooLarge(bytesMax: bytesMax), gauge)
        } catch is SignedBodiesFull {
            return .refused(.signedBodiesFull, gauge)
        } catch RequestRefusal.brokenOff {
            throw accounting.abandon()
        } catch let refusal as RequestRefusal {
            invoker.recordUnadmitted(
                function.name,
                id: accounting.call.id,
                arrivedAt: accounting.call.arrived.date,
                refusal.bodyFailure
            )
            return .refused(Problem(refusal), nil)
        }
    }

    /// What Scheduler is handed.
    func makeRequest(
        _ request: Request,
        _ match: RouteMatch,
        _ call: ReceivedCall,
        _ admission: Admission,
        body: Scheduler.RequestBody
    ) -> InvocationRequest {
        var head = RequestHead(
            method: request.method,
            target: request.head.path ?? "/",
            scriptName: match.scriptName,
            pathRest: match.rest,
            query: call.target.query,
            callID: call.id
        )
        head.authority = request.head.authority
        head.fields = request.headers
        // A token of this gateway's is for the gateway, also where the function asks for none.
        if let field = head.fields[.authorization],
            match.function.hidesCredentials || AccessToken.inField(field) != nil
        {
            head.fields[.authorization] = nil
        }
        head.upgrade = match.function.takesUpgrades ? request.headers[.upgrade] : nil
        head.fields[.upgrade] = nil
        head.bodyLength = RequestHead.BodyLength(request.headers)
        head.version = call.connection.version
        head.isSecure = call.client.isSecure ?? call.connection.isSecure
        head.peer = call.connection.peer
        if head.peer.remoteAddress != call.client.address {
            head.peer.remoteAddress = call.client.address
            head.peer.remotePort = nil
        }
        head.receivedNanoseconds = call.arrived.unixNanoseconds
        head.user = admission.user
        head.authenticationScheme = admission.scheme
        var invocation = InvocationRequest(
            trigger: .http,
            head: head,
            body: body,
            arrivedAt: call.arrived.date
        )
        invocation.version = match.version.map { _ in .revision(match.function.revision) }
        invocation.wantsStream = match.function.streams || Self.acceptsStream(request.headers[.accept])
        return invocation
    }

    private func invoke(
        _ invocation: InvocationRequest,
        _ request: Request,
        _ gauge: BodyGauge?,
        _ accounting: CallAccounting
    ) async throws -> Reply {
        let answer: InvocationAnswer
        do throws(InvocationRefusal) {
            answer = try await invoker.invoke(accounting.function.name, invocation)
        } catch {
            if accounting.call.connection.isLost { throw accounting.abandon() }
            if let problem = gauge?.problem { return .response(accounting.refuse(problem)) }
            return .response(accounting.refuse(await shown(Problem(error), request, accounting)))
        }
        switch answer {
        case .complete(let head, let output, let record):
            if accounting.call.connection.isLost { throw accounting.abandon(record) }
            if let problem = gauge?.problem { return .response(accounting.refuse(problem)) }
            guard let problem = Problem(record) else {
                return .response(accounting.succeed(record, head, output, request))
            }
            return .response(accounting.fail(record, await explained(problem, accounting)))
        case .streaming(let head, let output):
            if request.method == .head || !head.hasContent {
                return .response(await drained(head, output, request, accounting))
            }
            let streaming = FunctionStreaming(
                head: head,
                output: output,
                accounting: accounting,
                takesTrailers: Self.acceptsTrailers(request.headers[values: .te])
            )
            return .response(streaming.response())
        case .redirected(let target, let record):
            accounting.account(record)
            return .redirect(target)
        }
    }

    /// Trailers go to everybody but a client whose TE field names what it takes, and not `trailers` with it
    /// (RFC 9110, section 10.1.4).
    ///
    /// Some clients fail on trailers: this is how they say so.
    static func acceptsTrailers(_ fields: [String]) -> Bool {
        fields.isEmpty || fields.contains { $0.lowercased().contains("trailers") }
    }

    /// The answer to HEAD, or one without content: the function runs as for GET, and its output is only counted.
    private func drained(
        _ head: ResponseHead,
        _ output: any OutputStream,
        _ request: Request,
        _ accounting: CallAccounting
    ) async -> Response {
        var length = 0
        await withTaskCancellationHandler {
            while let piece = await output.next() {
                await accounting.call.connection.turns.next()
                length += piece.readableBytes
            }
        } onCancel: {
            output.cancel()
        }
        let record = await output.ending()
        // The head that GET would have sent before its output ended early: the record has the same status.
        var response = accounting.succeed(record, head, ByteBuffer(), request)
        let isWhole = record.outcome == .ok
        response.headers[.contentLength] = isWhole && head.hasContent ? String(length) : nil
        if !isWhole { response.headers[.outcome] = record.outcome.rawValue }
        return response
    }

    /// A problem as this caller may read it: what is wrong with function or host is for administrators.
    private func shown(_ problem: Problem, _ request: Request, _ accounting: CallAccounting) async -> Problem
    {
        guard problem.adminDetail != nil, let field = request.headers[.authorization],
            case .caller(let caller) = await guardian.check(
                field,
                from: accounting.call.client.address
            ),
            caller.has(.deploy), caller.mayUse(accounting.function.name)
        else { return problem }
        return problem.forAdmin
    }

    private func explained(_ problem: Problem, _ accounting: CallAccounting) async -> Problem {
        guard accounting.function.exposesErrors, let text = await errorOutput(accounting.call.id),
            !text.isEmpty
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
