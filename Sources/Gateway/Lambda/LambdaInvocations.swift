// SPDX-License-Identifier: Apache-2.0
// Calls through AWS Lambda's API: at once, later, or not at all. LambdaAPI drives it.

import Contracts
import FoundationEssentials
import FunctionModel
import FunctionStore
import GatewayAPI
import HTTPTypes
import Hummingbird
import Scheduler

/// Invoke, InvokeAsync and InvokeWithResponseStream.
struct LambdaInvocations: Sendable {
    let routes: RouteCache
    let catalog: any FunctionCatalog
    let invoker: any FunctionInvoker
    let queue: any AsynchronousCalls
    let accessLog: AccessLog
    /// Nil when calls are not traced.
    let spans: (any SpanSink)?
    /// The last lines of an invocation's log, at most so many bytes.
    let log: @Sendable (_ callID: String, _ bytesMax: Int) async -> String

    /// The part of a log that a caller gets: AWS's own bound.
    static let logBytesMax = 4096

    func invoke(_ call: LambdaCall) async throws -> Response {
        let prepared = try await prepare(call)
        switch call.request.headers[.invocationType] ?? "RequestResponse" {
        case "RequestResponse": return try await answer(prepared, call)
        case "Event": return try await accept(prepared, call)
        case "DryRun":
            try await checkVersion(prepared)
            return LambdaCall.done
        case let other:
            throw LambdaError.parameter(
                "InvocationType: '\(other.prefix(32))' is not valid, expected RequestResponse, Event or DryRun"
            )
        }
    }

    func invokeAsync(_ call: LambdaCall) async throws -> Response {
        try await accept(try await prepare(call), call)
    }

    /// A call that may run: whose function it is, and what it is given.
    struct Prepared: Sendable {
        let target: FunctionTarget
        let reference: FunctionReference
        var invocation: InvocationRequest
        let accounting: CallAccounting
        let wantsLog: Bool
    }

    /// Finds the function, and makes a request of the event.
    func prepare(_ call: LambdaCall) async throws -> Prepared {
        let reference = try call.reference()
        let (target, version) = try self.target(reference)
        try await checkAuthentication(target, version, call.context.caller)
        let logType = call.request.headers[.logType] ?? "None"
        guard ["None", "Tail"].contains(logType) else {
            throw LambdaError.parameter(
                "LogType: '\(logType.prefix(32))' is not valid, expected None or Tail"
            )
        }
        guard call.request.headers[.durableName] == nil else {
            throw LambdaError.parameter("DurableExecutionName is not served: there are no durable executions")
        }
        try Self.checkContext(call.request.headers[.clientContext])
        let event = try await call.request.body.collect(upTo: call.route.operation.bodyBytesMax)
        guard event.readableBytes <= target.bodyBytesMax else {
            throw Problem.bodyTooLarge(bytesMax: target.bodyBytesMax)
        }
        try Self.checkEvent(event, catalog.current(target.name))
        target.metrics.began()
        let accounting = CallAccounting(
            function: target,
            call: call.context.call,
            accessLog: accessLog,
            trace: CallTrace(call.request.headers, method: .post, spans)
        )
        if let wait = target.rate?.take(call.context.call.client.address, at: .now) {
            _ = accounting.refuse(.rateLimited(wait))
            throw Problem.rateLimited(wait)
        }
        var invocation = InvocationRequest(
            trigger: .http,
            head: Self.head(call, target, event),
            body: event.readableBytes > 0 ? .whole(event) : .none,
            arrivedAt: call.context.call.arrived.date
        )
        accounting.trace?.apply(to: &invocation.head.fields)
        invocation.version = version
        invocation.awaitsEnd = logType == "Tail"
        return Prepared(
            target: target,
            reference: reference,
            invocation: invocation,
            accounting: accounting,
            wantsLog: logType == "Tail"
        )
    }

    /// What the function asks of its callers counts here too; with a version, what any kept revision asks.
    private func checkAuthentication(
        _ target: FunctionTarget,
        _ version: FunctionVersion?,
        _ caller: Caller?
    ) async throws {
        let kept = version == nil ? [] : try await catalog.keptRevisions(of: target.name)
        for demand in [target.authentication] + kept.map(\.configuration.authentication) {
            switch demand {
            case .none, .token: continue
            case .basic: try caller?.require(.admin)
            case .hmac:
                throw Problem(403, .forbidden, "callers of this function sign their requests (auth: hmac)")
            }
        }
    }

    /// The function of a reference, and which of its versions is meant; nil for the newest one.
    private func target(_ reference: FunctionReference) throws -> (FunctionTarget, FunctionVersion?) {
        guard let target = routes.table().function(reference.name.text) else {
            throw LambdaError.unknownFunction(reference.arn)
        }
        guard let qualifier = reference.qualifier else { return (target, nil) }
        do throws(ModelError) { return (target, try FunctionVersion(qualifier)) } catch {
            throw LambdaError.unknownFunction(reference.arn)
        }
    }

    /// Any JSON value, which is only scanned.
    private struct Anything: Decodable { init(from decoder: any Decoder) throws {} }

    /// A runtime reads JSON; any other function's event is its body as it is.
    private static func checkEvent(_ event: ByteBuffer, _ revision: Revision?) throws(LambdaError) {
        guard revision?.configuration.contract == .lambda, event.readableBytes > 0,
            (try? JSONDecoder().decode(Anything.self, from: Data(event.readableBytesView))) == nil
        else { return }
        throw LambdaError(
            400,
            "InvalidRequestContentException",
            "Could not parse request body into json: the event is not JSON"
        )
    }

    /// AWS's own bound of a context in Base64.
    private static let contextBytesMax = 3583

    private static func checkContext(_ text: String?) throws(LambdaError) {
        guard let text else { return }
        guard text.utf8.count <= contextBytesMax, let data = Data(base64Encoded: text),
            (try? JSONDecoder().decode(Anything.self, from: data)) != nil
        else {
            throw .init(
                400,
                "InvalidRequestContentException",
                "Client context must be a valid Base64-encoded JSON object of at most \(contextBytesMax) bytes."
            )
        }
    }

    /// The request as the function sees it: a POST to its own path, without what is between client and gateway.
    private static func head(_ call: LambdaCall, _ target: FunctionTarget, _ event: ByteBuffer) -> RequestHead
    {
        let received = call.context.call
        var head = RequestHead(
            method: .post,
            target: target.functionPath,
            scriptName: target.functionPath,
            callID: received.id
        )
        head.authority = call.request.head.authority
        head.fields[.contentType] = call.request.headers[.contentType] ?? MediaName.json
        head.fields[.contentLength] = String(event.readableBytes)
        for name in [HTTPField.Name.userAgent, .clientContext, .tenant, .amazonTrace] {
            head.fields[name] = call.request.headers[name]
        }
        head.bodyLength = .bytes(event.readableBytes)
        head.isEvent = true
        head.isSecure = received.client.isSecure ?? received.connection.isSecure
        head.peer.remoteAddress = received.client.address
        head.receivedNanoseconds = received.arrived.unixNanoseconds
        head.user = call.context.caller?.user
        return head
    }

    /// Whether the version of a call that does not run now is there; one that runs finds out itself.
    func checkVersion(_ prepared: Prepared) async throws {
        let name = prepared.target.name
        let isThere =
            switch prepared.invocation.version {
            case nil: true
            case .alias(let alias): catalog.aliases(of: name)?.contains { $0.name == alias } ?? false
            case .revision(let number):
                try await catalog.keptRevisions(of: name).contains { $0.number == number }
            }
        if !isThere { throw LambdaError.unknownFunction(prepared.reference.arn) }
    }

    /// Queues the call.
    private func accept(_ prepared: Prepared, _ call: LambdaCall) async throws -> Response {
        try await checkVersion(prepared)
        if case .whole(let event) = prepared.invocation.body,
            event.readableBytes > LambdaOperation.asynchronousEventBytesMax
        {
            _ = prepared.accounting.refuse(.bodyTooLarge(bytesMax: LambdaOperation.asynchronousEventBytesMax))
            throw LambdaError(
                413,
                "RequestTooLargeException",
                "\(event.readableBytes) byte payload is too large for the Event invocation type "
                    + "(limit \(LambdaOperation.asynchronousEventBytesMax) bytes)"
            )
        }
        var queued = prepared.invocation
        queued.trigger = .asynchronous
        queued.awaitsEnd = false
        do {
            let id = try await queue.accept(prepared.target.name, queued, callback: nil)
            return prepared.accounting.accept(id: id)
        } catch {
            _ = prepared.accounting.refuse(Problem(translating: error))
            throw error
        }
    }
}
