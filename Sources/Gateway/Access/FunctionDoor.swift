// SPDX-License-Identifier: Apache-2.0
// Whether a request reaches its function: `auth` of function.yaml. FunctionHandler and AsyncHandler ask it.

import FunctionModel
import FunctionStore
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Scheduler

/// What a request has shown before its body was read.
struct Admission: Sendable {
    /// REMOTE_USER; nil when the function asks for no credentials.
    var user: String?
    /// AUTH_TYPE.
    var scheme = "Basic"
    /// The body has to have one of these codes, and is held whole until then.
    var webhook: Webhook?

    /// A signature that is still to be checked.
    struct Webhook: Sendable {
        let check: WebhookCheck
        let key: [UInt8]
        /// The memory that the body takes.
        let share: ByteBudget.Share
    }
}

/// Checks credentials and signatures.
struct FunctionDoor: Sendable {
    let guardian: LoginGuard
    let secrets: any SecretRepository
    /// Of signed bodies: they are held whole, and their senders are not known yet.
    let bodies = ByteBudget()

    /// Checks what the head says.
    ///
    /// - Throws: ``Problem``; wrong answers of one address are delayed.
    func admit(_ request: Request, to function: FunctionTarget, _ call: ReceivedCall) async throws(Problem)
        -> Admission
    {
        let admission = try await authenticate(request, function, call)
        // A signed body is not checked yet: its call counts in ``verify(_:_:to:_:)``.
        if admission.webhook == nil { try countCall(of: function, call) }
        return admission
    }

    /// Callers that may not call at all use up nothing of the function's rate.
    private func countCall(of function: FunctionTarget, _ call: ReceivedCall) throws(Problem) {
        guard let rate = function.rate else { return }
        if let wait = rate.take(call.client.address, at: .now) { throw .rateLimited(wait) }
    }

    private func authenticate(_ request: Request, _ function: FunctionTarget, _ call: ReceivedCall)
        async throws(Problem) -> Admission
    {
        switch function.authentication {
        case .none: return Admission()
        case .basic:
            let caller = try await caller(request, call, challenge: nil)
            try caller.require(.admin)
            return Admission(user: caller.user, scheme: Self.scheme(request))
        case .token:
            let caller = try await caller(request, call, challenge: "Bearer realm=\"mayfly\"")
            try caller.require(.invoke)
            try caller.require(function.name)
            return Admission(user: caller.user, scheme: Self.scheme(request))
        case .hmac(let webhook): return try await admit(request, webhook.scheme, function, call)
        }
    }

    /// How the credentials were sent: ``LoginGuard`` knows these two ways.
    private static func scheme(_ request: Request) -> String {
        let field = request.headers[.authorization] ?? ""
        return field.prefix(6).lowercased() == "bearer" ? "Bearer" : "Basic"
    }

    private func caller(_ request: Request, _ call: ReceivedCall, challenge: String?) async throws(Problem)
        -> Caller
    {
        let address = call.client.address
        switch await guardian.check(request.headers[.authorization], from: address) {
        case .caller(let caller): return caller
        case .refused(var problem):
            problem.challenge = challenge
            throw problem
        }
    }

    private func admit(
        _ request: Request,
        _ scheme: WebhookScheme,
        _ function: FunctionTarget,
        _ call: ReceivedCall
    ) async throws(Problem) -> Admission {
        guard guardian.mayTry(call.client.address) else { throw .tooManyAttempts }
        let check: WebhookCheck
        do throws(WebhookCheck.Refusal) {
            check = try WebhookCheck(scheme, request.headers, now: call.arrived.seconds)
        } catch {
            throw await refuse(error, call)
        }
        let key = await function.signingSecret?.key(secrets.within(function.name.namespace)) ?? []
        // Anyone can sign with an empty key.
        guard !key.isEmpty else { throw .withoutSigningSecret(function.name, function.signingSecret?.name) }
        let webhook = Admission.Webhook(check: check, key: key, share: ByteBudget.Share(bodies))
        return Admission(webhook: webhook)
    }

    /// Checks the body's signature, when the function asks for one.
    ///
    /// - Throws: ``Problem``; wrong answers of one address are delayed.
    func verify(
        _ body: ByteBuffer,
        _ admission: Admission,
        to function: FunctionTarget,
        _ call: ReceivedCall
    ) async throws(Problem) {
        guard let webhook = admission.webhook else { return }
        let isValid: Bool
        if body.readableBytes > BodyPlan.wholeBytesMax {
            // Milliseconds, for which no connection of the same event loop is to wait.
            isValid = await withTaskExecutorPreference(globalConcurrentExecutor) {
                webhook.check.isValid(body, key: webhook.key)
            }
        } else {
            isValid = webhook.check.isValid(body, key: webhook.key)
        }
        guard isValid else { throw await refuse(.wrong, call) }
        try countCall(of: function, call)
    }

    /// A request without a signature guesses nothing.
    private func refuse(_ refusal: WebhookCheck.Refusal, _ call: ReceivedCall) async -> Problem {
        if case .missing = refusal {
        } else {
            await guardian.refuse("wrong signature", from: call.client.address)
        }
        var problem = Problem(401, .unauthorized, refusal.description)
        problem.challenge = "Signature"
        return problem
    }
}

/// There is no room for another unchecked body.
struct SignedBodiesFull: Error {}
