// SPDX-License-Identifier: Apache-2.0
// The answer of a call that waits, as AWS Lambda's clients read it. LambdaInvocations drives it.

import Contracts
import FoundationEssentials
import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird
import Scheduler

/// What a function answered, or why it did not.
struct LambdaPayload: Sendable {
    var bytes: ByteBuffer
    /// `Unhandled`; nil when the function has answered.
    var functionError: String?

    /// - Parameters:
    ///   - bytes: the answer.
    ///   - functionError: whether it is an error.
    init(_ bytes: ByteBuffer, functionError: String? = nil) {
        self.bytes = bytes
        self.functionError = functionError
    }

    /// An error that the function did not word itself.
    init(error type: String, _ message: String, id: String) {
        let text = JSONText.object([
            ("errorType", .string(type)), ("errorMessage", .string("RequestId: \(id) Error: \(message)")),
        ])
        self.init(ByteBuffer(string: text), functionError: "Unhandled")
    }
}

extension LambdaInvocations.Prepared {
    /// What AWS's clients call the revision that ran.
    func version(_ revision: Int) -> String {
        reference.qualifier == nil ? FunctionReference.latest : "\(revision)"
    }
}

extension LambdaInvocations {
    /// Status from which the answer of a function that serves HTTP counts as its failure.
    private static let failureStatus = 500

    /// Runs the call; a function's own failure is an answer, with status 200.
    func answer(_ prepared: Prepared, _ call: LambdaCall) async throws -> Response {
        let (payload, record) = try await payload(prepared, call)
        prepared.accounting.account(record)
        var headers: HTTPFields = [
            .contentType: MediaName.json, .executedVersion: prepared.version(record.revision),
            .callID: record.id,
        ]
        headers[.functionError] = payload.functionError
        if prepared.wantsLog {
            let text = await log(record.id, Self.logBytesMax)
            headers[.logResult] = Data(text.utf8).base64EncodedString()
        }
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: payload.bytes))
    }

    private func payload(_ prepared: Prepared, _ call: LambdaCall) async throws -> (LambdaPayload, Invocation)
    {
        switch try await start(prepared, call) {
        case .complete(let head, let output, let record):
            return (Self.payload(head, output, record, call), record)
        case .streaming(let head, let output):
            let bytes = await withTaskCancellationHandler {
                await Self.collect(output)
            } onCancel: {
                output.cancel()
            }
            let record = await output.ending()
            guard bytes.readableBytes <= LambdaOperation.eventBytesMax else {
                let message =
                    "Response payload size exceeded maximum allowed payload size "
                    + "(\(LambdaOperation.eventBytesMax) bytes)."
                return (.init(error: "Function.ResponseSizeTooLarge", message, id: record.id), record)
            }
            return (Self.payload(head, bytes, record, call), record)
        case .redirected(_, let record):
            let message = "the function redirects to another path, which an event cannot follow"
            return (.init(error: "Runtime.InvalidResponse", message, id: record.id), record)
        }
    }

    /// The output, or the beginning of one that is too long.
    private static func collect(_ output: any OutputStream) async -> ByteBuffer {
        var bytes = ByteBuffer()
        while var piece = await output.next() {
            guard bytes.readableBytes <= LambdaOperation.eventBytesMax else {
                output.cancel()
                continue
            }
            bytes.writeBuffer(&piece)
        }
        return bytes
    }

    /// Starts the call; what a caller cannot help is an exception.
    func start(_ prepared: Prepared, _ call: LambdaCall) async throws -> InvocationAnswer {
        do throws(InvocationRefusal) {
            return try await invoker.invoke(prepared.target.name, prepared.invocation)
        } catch {
            if call.context.call.connection.isLost { throw prepared.accounting.abandon() }
            switch error {
            case .cannotStart(let reason): return Self.notStarted(reason, prepared, call)
            case .unknownFunction, .unknownVersion:
                _ = prepared.accounting.refuse(Problem(error))
                throw LambdaError.unknownFunction(prepared.reference.arn)
            default: break
            }
            var problem = Problem(error)
            _ = prepared.accounting.refuse(problem)
            if call.context.caller?.has(.deploy) == true { problem = problem.forAdmin }
            throw problem
        }
    }

    /// A function whose start fails is one that fails, to AWS's clients.
    private static func notStarted(_ reason: String, _ prepared: Prepared, _ call: LambdaCall)
        -> InvocationAnswer
    {
        let isOwner = call.context.caller?.has(.deploy) == true
        let payload = LambdaPayload(
            error: "Runtime.InitError",
            isOwner ? reason : "the function could not be started; its log has the reason",
            id: prepared.invocation.id
        )
        var record = Invocation(
            id: prepared.invocation.id,
            function: prepared.target.name,
            revision: 0,
            trigger: .http,
            startedAt: prepared.invocation.arrivedAt,
            outcome: .platform
        )
        record.cause = .cannotStart
        return .complete(ResponseHead(), output: payload.bytes, record)
    }

    private static func payload(
        _ head: ResponseHead,
        _ output: ByteBuffer,
        _ record: Invocation,
        _ call: LambdaCall
    ) -> LambdaPayload {
        guard record.outcome == .ok else { return failure(output, record) }
        return LambdaPayload(output, functionError: head.status >= failureStatus ? "Unhandled" : nil)
    }

    /// The error of a call that ran, in AWS's words where it has some.
    static func failure(_ output: ByteBuffer, _ record: Invocation) -> LambdaPayload {
        // The function's own words, or why it did not start.
        if [.functionFailed, .cannotStart].contains(record.cause), output.readableBytes > 0 {
            return LambdaPayload(output, functionError: "Unhandled")
        }
        let message = Problem(record)?.detail ?? ""
        let type =
            switch record.outcome {
            case .timeout: "Sandbox.Timeout"
            case .oom: "Runtime.OutOfMemory"
            case .signal where record.limitsReached?.contains(.output) == true:
                "Function.ResponseSizeTooLarge"
            case .exit where record.cause == .functionFailed: "Function.Unknown"
            case .exit, .signal: "Runtime.ExitError"
            case .platform: "Runtime.InvalidResponse"
            case .ok, .cancelled, .lost: "Sandbox.Failure"
            }
        return LambdaPayload(error: type, message, id: record.id)
    }
}
