// SPDX-License-Identifier: Apache-2.0
// The only form of errors in answers of the gateway (RFC 9457). Every handler throws or returns it; Edge writes it.

import HTTPTypes
import Hummingbird

/// An error for the client, with details for the log only.
struct Problem: Error, Hashable, Sendable {
    var status: Int
    var code: Code
    /// What the client may read: what failed, why, what to do next.
    var detail: String
    /// What a caller with the admin's credentials reads instead of ``detail``.
    var adminDetail: String?
    /// What only the operator may read.
    var logDetail: String?
    var retryAfterSeconds: Int?
    /// Fields that this kind of problem adds, for example the exit code.
    var exitCode: Int?
    var signal: Int?
    /// WWW-Authenticate of a 401; nil: basic authentication.
    var challenge: String?
    /// Comma-separated methods of a 405.
    var allow: String?

    /// Stable names: clients switch on them, so they never change.
    enum Code: String, Hashable, Sendable, CaseIterable {
        case unknownFunction = "unknown_function"
        case unknownPath = "unknown_path"
        case methodNotAllowed = "method_not_allowed"
        case malformedRequest = "malformed_request"
        case bodyTooLarge = "body_too_large"
        case targetTooLong = "target_too_long"
        case fieldsTooLarge = "fields_too_large"
        case unknownVersion = "unknown_version"
        case misdirected = "misdirected_request"
        case requestTimeout = "request_timeout"
        case unsupportedType = "unsupported_media_type"
        case forbidden
        case tooManyAttempts = "too_many_attempts"
        case rateLimited = "rate_limited"
        case busy
        case unavailable
        case exitCode = "exit_code"
        case functionError = "function_error"
        case killedBySignal = "killed_by_signal"
        case outOfMemory = "out_of_memory"
        case outputTooLarge = "output_too_large"
        case timeout
        case cancelled
        case lost
        case malformedAnswer = "malformed_answer"
        case cannotStart = "cannot_start"
        case unauthorized
        case invalid
        case conflict
        case unknownImage = "unknown_image"
        case unusableImage = "unusable_image"
        case unknownSecret = "unknown_secret"
        case unknownNamespace = "unknown_namespace"
        case unknownRevision = "unknown_revision"
        case unknownAlias = "unknown_alias"
        case unknownCall = "unknown_call"
        case unknownToken = "unknown_token"
        case unknownContainer = "unknown_container"
        case unknownVolume = "unknown_volume"
        case unknownNetwork = "unknown_network"
        case registryDenied = "registry_denied"
        case registryUnreachable = "registry_unreachable"
        case registryFailed = "registry_failed"
        case noSpace = "no_space"
        case storage
        case notImplemented = "not_implemented"
        case unexpected

        /// The code as words: the same for every problem of its kind, as RFC 9457 asks.
        var title: String {
            let words = rawValue.replacing("_", with: " ")
            return words.prefix(1).uppercased() + words.dropFirst()
        }
    }

    static let mediaType = "application/problem+json"

    init(_ status: Int, _ code: Code, _ detail: String, log: String? = nil) {
        self.status = status
        self.code = code
        self.detail = detail
        self.logDetail = log
    }

    /// With everything that an administrator may read.
    var forAdmin: Problem {
        var problem = self
        problem.detail = adminDetail ?? detail
        return problem
    }

    /// The body, members in a fixed order.
    func json(callID: String) -> String {
        var members: [(name: String, value: JSONText.Value)] = [
            ("type", .string("urn:mayfly:problem:" + code.rawValue)),
            ("title", .string(code.title)),
            ("status", .integer(status)),
            ("code", .string(code.rawValue)),
            ("detail", .string(detail)),
        ]
        if let exitCode { members.append(("exit_code", .integer(exitCode))) }
        if let signal { members.append(("signal", .integer(signal))) }
        members.append(("call_id", .string(callID)))
        return JSONText.object(members) + "\n"
    }

    /// A status with its reason phrase, also where no RFC has one.
    private static func status(_ code: Int) -> HTTPResponse.Status {
        code == 499 ? .init(code: code, reasonPhrase: "Client Closed Request") : .init(code: code)
    }

    /// The whole answer.
    func response(callID: String) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = Self.mediaType
        headers[.callID] = callID
        if let retryAfterSeconds { headers[.retryAfter] = String(retryAfterSeconds) }
        if let allow { headers[.allow] = allow }
        if code == .unauthorized { headers[.wwwAuthenticate] = challenge ?? "Basic realm=\"Restricted\"" }
        return Response(
            status: Self.status(status),
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(string: json(callID: callID)))
        )
    }
}

extension HTTPField.Name {
    /// A name known to be a token when the program is written.
    private static func fixed(_ name: StaticString) -> HTTPField.Name {
        guard let field = HTTPField.Name("\(name)") else { preconditionFailure("\(name) is no header name") }
        return field
    }

    static let callID = fixed("X-Call-Id")
    /// Where the result of an asynchronous call is POSTed to.
    static let callbackURL = fixed("X-Callback-Url")
    static let durationSeconds = fixed("X-Duration-Seconds")
    static let exitCode = fixed("X-Exit-Code")
    static let exitSignal = fixed("X-Exit-Signal")
    static let outcome = fixed("X-Outcome")
    static let limitsReached = fixed("X-Limits-Reached")
    static let origin = fixed("Origin")
    static let fetchSite = fixed("Sec-Fetch-Site")
    static let hubSignature = fixed("X-Hub-Signature-256")
    static let stripeSignature = fixed("Stripe-Signature")
    static let signature = fixed("X-Signature")
    static let forwardedFor = fixed("X-Forwarded-For")
    static let forwarded = fixed("Forwarded")
    static let forwardedProto = fixed("X-Forwarded-Proto")
    static let forwardedHost = fixed("X-Forwarded-Host")
}
