// SPDX-License-Identifier: Apache-2.0
// Errors in the form that AWS's clients make exceptions of. LambdaErrors writes them.

import GatewayAPI
import HTTPTypes
import Hummingbird

/// One exception of AWS Lambda's API.
struct LambdaError: Error, Hashable, Sendable {
    var status: Int
    /// Such as `ResourceNotFoundException`.
    var type: String
    var message: String
    /// Why calls are throttled, in AWS's words.
    var reason: String?
    var retryAfterSeconds: Int?

    init(_ status: Int, _ type: String, _ message: String) {
        self.status = status
        self.type = type
        self.message = message
    }

    static func unknownFunction(_ arn: String) -> LambdaError {
        .init(404, "ResourceNotFoundException", "Function not found: " + arn)
    }

    static func notFound(_ message: String) -> LambdaError {
        .init(404, "ResourceNotFoundException", message)
    }

    static func conflict(_ message: String) -> LambdaError {
        .init(409, "ResourceConflictException", message)
    }

    /// A parameter's value is not one that is served.
    static func parameter(_ message: String) -> LambdaError {
        .init(400, "InvalidParameterValueException", message)
    }

    static func incomplete(_ what: String) -> LambdaError {
        .init(400, "IncompleteSignatureException", "the Authorization header is incomplete: \(what)")
    }

    static func invalidSignature(_ message: String) -> LambdaError {
        .init(403, "InvalidSignatureException", message)
    }

    static let wrongSignature = invalidSignature(
        "The request signature we calculated does not match the signature you provided. "
            + "Check your AWS Secret Access Key and signing method."
    )

    static let withoutCredentials = LambdaError(
        403,
        "MissingAuthenticationTokenException",
        "Missing Authentication Token"
    )

    /// Whether the caller has to change the request.
    private var isUsers: Bool { status < 500 }

    /// The answer; both spellings of `message` are in AWS's models.
    func response(callID: String) -> Response {
        var members: [(name: String, value: JSONText.Value)] = [
            ("Type", .string(isUsers ? "User" : "Service")), ("Message", .string(message)),
            ("message", .string(message)),
        ]
        if let reason { members.append(("Reason", .string(reason))) }
        var headers: HTTPFields = [
            .contentType: MediaName.json, .amazonErrorType: type, .amazonRequestID: callID,
        ]
        if let retryAfterSeconds { headers[.retryAfter] = String(retryAfterSeconds) }
        return Response(
            status: .init(code: status),
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(string: JSONText.object(members)))
        )
    }
}

extension LambdaError {
    /// Any error of the rooms below, in AWS's words.
    init(translating error: any Error) {
        if let error = error as? LambdaError {
            self = error
            return
        }
        let problem = Problem(translating: error)
        self.init(problem.status, Self.type(problem), problem.detail)
        retryAfterSeconds = problem.retryAfterSeconds
        if problem.code == .busy { reason = "ReservedFunctionConcurrentInvocationLimitExceeded" }
        // AWS has no 401, and no 5xx but these.
        if problem.status == 401 { status = 403 }
        if problem.status == 507 { status = 400 }
    }

    private static func type(_ problem: Problem) -> String {
        switch problem.code {
        case .unknownFunction, .unknownRevision, .unknownAlias: "ResourceNotFoundException"
        case .conflict: "ResourceConflictException"
        case .invalid, .unknownImage, .unusableImage, .unknownSecret, .registryDenied, .registryFailed,
            .registryUnreachable:
            "InvalidParameterValueException"
        case .malformedRequest: "InvalidRequestContentException"
        case .bodyTooLarge: "RequestTooLargeException"
        case .unsupportedType: "UnsupportedMediaTypeException"
        case .busy, .rateLimited, .tooManyAttempts: "TooManyRequestsException"
        case .unauthorized: "UnrecognizedClientException"
        case .forbidden: "AccessDeniedException"
        case .noSpace: "CodeStorageExceededException"
        default: "ServiceException"
        }
    }
}

extension HTTPField.Name {
    private static func amazon(_ name: StaticString) -> HTTPField.Name {
        guard let field = HTTPField.Name("\(name)") else { preconditionFailure("\(name) is no header name") }
        return field
    }

    static let amazonDate = amazon("X-Amz-Date")
    static let contentHash = amazon("X-Amz-Content-Sha256")
    static let amazonErrorType = amazon("x-amzn-ErrorType")
    static let amazonRequestID = amazon("x-amzn-RequestId")
    static let invocationType = amazon("X-Amz-Invocation-Type")
    static let logType = amazon("X-Amz-Log-Type")
    static let logResult = amazon("X-Amz-Log-Result")
    static let functionError = amazon("X-Amz-Function-Error")
    static let executedVersion = amazon("X-Amz-Executed-Version")
    static let durableName = amazon("X-Amz-Durable-Execution-Name")
    static let amazonTrace = amazon("X-Amzn-Trace-Id")
}
