// SPDX-License-Identifier: Apache-2.0
// Translates Scheduler's result of a call into a problem; StatusTable gives the status.

import Contracts
import FunctionModel
import Scheduler

extension Problem {
    /// A call that did not start.
    init(_ refusal: InvocationRefusal) {
        let status = StatusTable.status(refusal == .cancelled ? .cancelled : .platform, refusal.cause)
        switch refusal {
        case .unknownFunction(let name):
            self = .unknownFunction(name)
        case .unknownVersion(let name, .alias(let alias)): self.init(.unknownAlias(name, alias))
        case .unknownVersion(let name, .revision(let number)): self.init(.unknownRevision(name, number))
        case .busy(let seconds):
            self.init(
                status,
                .busy,
                "the function is at its concurrency limit and its queue is full; try again later"
            )
            retryAfterSeconds = seconds
        case .unavailable(let reason, let seconds):
            self.init(
                status,
                .unavailable,
                "the gateway cannot accept this call now; try again later",
                log: reason
            )
            adminDetail = "the gateway cannot accept this call now: \(reason)"
            retryAfterSeconds = seconds
        case .serviceDown(let name, let seconds):
            self.init(status, .unavailable, "the service '\(name)' that the function uses does not run")
            retryAfterSeconds = seconds
        case .cannotStart(let reason):
            self.init(
                status,
                .cannotStart,
                "the function could not be started; its log has the reason",
                log: reason
            )
            adminDetail = "the function could not be started: \(reason)"
        case .requestTooLarge(let bytes, let max):
            self.init(
                status,
                .fieldsTooLarge,
                "the request's target and header fields make an environment of \(bytes) bytes, "
                    + "more than \(ByteCount(bytes: max))"
            )
        case .cancelled:
            self.init(status, .cancelled, "the call was cancelled before it started")
        case .requestInvalid(.unprintablePath):
            self.init(status, .malformedRequest, "the path contains a NUL byte or is not UTF-8")
        case .requestInvalid(.eventNotJSON):
            self.init(status, .malformedRequest, "the body is the function's event, and is not JSON")
        case .requestInvalid(.eventTooLarge), .bodyFailed(.bodyTooLarge):
            self = .bodyTooLarge(bytesMax: RuntimeState.payloadBytesMax)
        case .bodyFailed(let cause):
            let isLate = cause == .bodyStalled
            self.init(
                status,
                isLate ? .requestTimeout : .malformedRequest,
                isLate ? "the body did not come in time" : "the body breaks HTTP's rules"
            )
        }
    }

    static func unknownFunction(_ name: String) -> Problem {
        Problem(404, .unknownFunction, "no function named '\(name)'")
    }

    /// A call that ran and failed.
    ///
    /// - Parameter invocation: its record; an outcome of `ok` has no problem.
    init?(_ invocation: Invocation) {
        let status = StatusTable.status(invocation.outcome, invocation.cause)
        switch invocation.outcome {
        case .ok:
            return nil
        case .exit where invocation.cause == .functionFailed:
            self.init(status, .functionError, "the function reports an error; its log has it")
        case .exit:
            let code = invocation.exitCode ?? 1
            let hint =
                switch code {
                case 126: " (its command cannot be executed)"
                case 127: " (its command was not found in the image)"
                default: ""
                }
            self.init(status, .exitCode, "the function ended with exit code \(code)\(hint)")
        case .signal where invocation.limitsReached?.contains(.output) == true:
            self.init(status, .outputTooLarge, "the function wrote more than limits.output allows")
        case .signal:
            self.init(status, .killedBySignal, "the function was ended by signal \(invocation.signal ?? 0)")
        case .oom:
            self.init(status, .outOfMemory, "the function needed more memory than limits.memory allows")
        case .timeout:
            self.init(status, .timeout, "the function ran longer than its timeout and was stopped")
        case .cancelled:
            self.init(status, .cancelled, "the call was cancelled")
        case .lost:
            self.init(status, .lost, "the gateway lost the function's container while it ran")
            retryAfterSeconds = 1
        case .platform:
            self.init(
                status,
                .malformedAnswer,
                "the function's output violates its contract; its log has the rule"
            )
        }
        exitCode = invocation.exitCode
        signal = invocation.signal
    }
}

extension Problem {
    /// No signature of this function can be checked.
    static func withoutSigningSecret(_ function: FunctionName, _ secret: String?) -> Problem {
        var problem = Problem(502, .cannotStart, "the function '\(function)' cannot check signatures now")
        problem.adminDetail = "the secret '\(secret ?? "")' of '\(function)' is missing or empty"
        return problem
    }

    /// Beyond the function's `rate`.
    static func rateLimited(_ wait: Duration) -> Problem {
        var problem = Problem(429, .rateLimited, "more calls than the function's rate permits")
        problem.retryAfterSeconds = max(1, Int((wait / .seconds(1)).rounded(.up)))
        return problem
    }

    /// Too many unchecked bodies are held.
    static var signedBodiesFull: Problem {
        var problem = Problem(503, .unavailable, "too many signed bodies are on their way")
        problem.retryAfterSeconds = 1
        return problem
    }

    static var runsFull: Problem {
        var problem = Problem(
            503,
            .unavailable,
            "requests and outputs of runs take \(ByteBudget.bytesMax >> 20) MiB already"
        )
        problem.retryAfterSeconds = 1
        return problem
    }

    /// A route that ``RouteRules`` lacks.
    static let withoutRule = Problem(403, .forbidden, "this path has no rule that admits a caller")
    static let unauthorized = Problem(401, .unauthorized, "invalid credentials")

    static let tooManyAttempts: Problem = {
        var problem = Problem(429, .tooManyAttempts, "too many wrong credentials from this address")
        problem.retryAfterSeconds = 1
        return problem
    }()

    static func bodyTooLarge(bytesMax: Int) -> Problem {
        Problem(413, .bodyTooLarge, "the request body is larger than \(ByteCount(bytes: bytesMax))")
    }

    static func malformed(_ detail: String) -> Problem { Problem(400, .malformedRequest, detail) }

    static let redirectLoop = Problem(
        502,
        .malformedAnswer,
        "the functions redirect to each other without end"
    )

    static let unknownPath = Problem(404, .unknownPath, "nothing is served at this path")

    static func methodNotAllowed(_ allow: String) -> Problem {
        var problem = Problem(405, .methodNotAllowed, "this path answers \(allow) only")
        problem.allow = allow
        return problem
    }
}
