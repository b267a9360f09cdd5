// SPDX-License-Identifier: Apache-2.0
// Finds the operation of a request to AWS Lambda's API, its caller, and whether the caller may. OwnPaths puts it in
// front of LambdaAPI.

import Contracts
import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird
import Logging
import OCI
import Scheduler

/// Checks signatures, tokens and rights; takes in the body, without which a signature cannot be checked.
struct LambdaDoor: RouterMiddleware {
    typealias Context = OwnContext

    let guardian: LoginGuard
    /// Of bodies whose senders are known.
    let bodies: ByteBudget
    /// Of signed bodies, whose senders are not known before their last byte: they take nothing from the others.
    let unproven = ByteBudget()

    func handle(
        _ request: Request,
        context: OwnContext,
        next: @concurrent (Request, OwnContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.lambda = Self.route(request)
        let field = request.headers[.authorization].flatMap {
            $0.hasPrefix(SignatureV4.algorithm) ? $0 : nil
        }
        let share = ByteBudget.Share(field == nil ? bodies : unproven)
        let body: ByteBuffer
        if let field {
            let (caller, signedBody) = try await signed(field, request, context, share)
            context.caller = caller
            body = signedBody
        } else {
            context.caller = try await caller(request, context)
            body = try await Self.collect(request, context, share)
        }
        let received = Request(head: request.head, body: RequestBody(buffer: body))
        let response = try await next(received, context)
        withExtendedLifetime(share) {}
        return response
    }

    private static func route(_ request: Request) -> LambdaRoute? {
        let target = request.head.path ?? "/"
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let segments = (parts.first ?? "").split(separator: "/").map { PercentDecoding.decode($0) ?? "" }
        let parameters = parts.count > 1 ? parts[1].split(separator: "&") : []
        return LambdaRoute.find(request.method.rawValue, segments, parameters: parameters)
    }

    /// By basic authentication or a bearer token.
    private func caller(_ request: Request, _ context: OwnContext) async throws -> Caller {
        guard let field = request.headers[.authorization] else { throw LambdaError.withoutCredentials }
        switch await guardian.check(field, from: context.call.client.address) {
        case .caller(let caller): return caller
        case .refused(let problem): throw problem
        }
    }

    /// By a signature over the head and the body.
    private func signed(
        _ field: String,
        _ request: Request,
        _ context: OwnContext,
        _ share: ByteBudget.Share
    ) async throws -> (Caller, ByteBuffer) {
        let call = context.call
        guard guardian.mayTry(call.client.address) else { throw Problem.tooManyAttempts }
        let signature = try SignatureV4(field)
        guard let signer = guardian.signer(signature.keyID) else {
            await guardian.refuse("unknown access key", from: call.client.address)
            throw LambdaError(
                403,
                "UnrecognizedClientException",
                "The security token included in the request is invalid."
            )
        }
        let body = try await Self.collect(request, context, share)
        var hash = SHA256()
        body.withUnsafeReadableBytes { hash.update($0) }
        let content = SignatureV4.Content(
            bodyHash: hash.finish().hex,
            isSecure: call.client.isSecure ?? call.connection.isSecure
        )
        do throws(LambdaError) {
            try signature.verify(request.head, content, secret: signer.secret, now: call.arrived.seconds)
        } catch {
            if error == .wrongSignature {
                await guardian.refuse("wrong signature", from: call.client.address)
            }
            throw error
        }
        guardian.signed(signer.caller)
        return (signer.caller, body)
    }

    /// The whole body.
    private static func collect(_ request: Request, _ context: OwnContext, _ share: ByteBudget.Share)
        async throws -> ByteBuffer
    {
        let bytesMax = context.lambda?.operation.bodyBytesMax ?? 0
        let refusal = LambdaError(
            413,
            "RequestTooLargeException",
            "Request must be smaller than \(bytesMax) bytes for the "
                + "\(context.lambda?.operation.rawValue ?? "requested") operation"
        )
        switch BodyPlan(request.headers, bytesMax: bytesMax) {
        case .none: return ByteBuffer()
        case .tooLarge: throw refusal
        case .malformed: throw Problem.malformed("the Content-Length is not a number")
        case .whole, .stream: break
        }
        var bytes = ByteBuffer()
        for try await var piece in request.body {
            guard share.take(piece.readableBytes) else {
                throw LambdaError(429, "TooManyRequestsException", "too many bodies are on their way")
            }
            bytes.writeBuffer(&piece)
            guard bytes.readableBytes <= bytesMax else { throw refusal }
        }
        // A cancelled read looks like the end, but the rest may still come.
        try Task.checkCancellation()
        return bytes
    }

    /// Whether the caller may use the operation, for the function that the path names.
    ///
    /// Behind the audit log, which has refusals of known callers.
    ///
    /// - Throws: ``Problem`` 403.
    static func check(_ context: OwnContext) throws {
        guard let route = context.lambda, let caller = context.caller else { return }
        let rule = RouteRules.rule(route.operation)
        if let scope = rule.scope { try caller.require(scope) }
        guard caller.isLimited else { return }
        switch rule.subject {
        case .nothing, .handler: return
        case .path: try caller.require(try FunctionReference(route.function).name)
        case .everything, .namespace, .query, .queryOrNamespace:
            throw Problem(403, .forbidden, "this token is limited to functions, and the operation is not")
        }
    }
}
