// SPDX-License-Identifier: Apache-2.0
// One call of a Lambda function: its event, the runtime's answer, its lines in the log. Part of Dispatcher.

import Contracts
import FoundationEssentials
import FunctionModel
import HTTPTypes
import NIOCore
import Sandbox
import SandboxHTTP

extension Dispatcher {
    /// Collects a body that comes in pieces: an event is whole, and no sandbox waits for a slow client.
    ///
    /// - Returns: the memory that it takes, for as long as the caller holds it; nil for a body that is here.
    func collectBody(_ call: inout Call) async throws(InvocationRefusal) -> ByteBudget.Share? {
        guard case .stream(let pull) = call.request.body else { return nil }
        let share = ByteBudget.Share(eventBudget)
        var bytes = ByteBuffer()
        var refusal: InvocationRefusal?
        do {
            try await pull { piece in
                guard share.take(piece.readableBytes) else {
                    refusal = .unavailable(
                        reason: "bodies of calls that wait take \(ByteBudget.bytesMax >> 20) MiB",
                        retryAfterSeconds: Self.retryAfterSeconds
                    )
                    return false
                }
                bytes.writeImmutableBuffer(piece)
                return bytes.readableBytes <= RuntimeState.payloadBytesMax
            }
        } catch is RequestBodyTooLarge {
            refusal = .bodyFailed(.bodyTooLarge)
        } catch let failure as RequestBodyFailure {
            refusal = .bodyFailed(failure.cause)
        } catch {
            refusal = .cancelled
        }
        if let refusal { throw refused(call, refusal) }
        call.request.body = .whole(bytes)
        return share
    }

    /// The event of a call whose body is whole.
    static func event(_ call: Call) throws(RequestFault) -> LambdaInvocation {
        var body = ByteBuffer()
        if case .whole(let bytes) = call.request.body { body = bytes }
        return try LambdaInvocation(
            call.revision.function,
            call.request.head,
            body: body,
            trigger: call.request.trigger,
            random: (.random(in: .min ... .max), .random(in: .min ... .max))
        )
    }

    /// Runs a call on a runtime that waits in `next`.
    func invokeRuntime(_ started: StartedRun, _ program: StartedProgram) async -> InvocationAnswer {
        guard let runtime = program.runtime, let invocation = started.run.call.lambda else {
            return await broken(started, nil, .unreachable)
        }
        let running = started.running
        running.note([LambdaReport.start(invocation.id)])
        if case .whole(let body) = started.run.call.request.body {
            running.taken(bytes: body.readableBytes)
        }
        Task {
            _ = await running.session.exit()
            runtime.programEnded()
        }
        let deadline = Date() + TimeInterval(running.limits.timeout / .seconds(1))
        runtime.assign(
            invocation,
            deadlineMilliseconds: Int64(deadline.timeIntervalSince1970 * 1000)
        )
        switch await runtime.beginning() {
        case .whole(let payload): return await whole(started, runtime, payload, invocation)
        case .failed(let failure):
            running.functionFailed(failure)
            running.session.stop(.answered)
            // The caller of an event gets the report; of a request, a problem.
            return await stoppedServer(started, nil, report: invocation.isHTTP ? nil : failure.report)
        case .stream(let contentType):
            return await stream(started, runtime, contentType, isHTTP: invocation.isHTTP)
        case .broken(let fault): return await broken(started, nil, fault)
        }
    }

    private func whole(
        _ started: StartedRun,
        _ runtime: LambdaRuntime,
        _ payload: ByteBuffer,
        _ invocation: LambdaInvocation
    ) async -> InvocationAnswer {
        guard started.running.pass(payload) else { return await stoppedServer(started, nil) }
        let answer: LambdaAnswer
        do throws(ResponseFault) {
            answer = try LambdaAnswer(payload, isHTTP: invocation.isHTTP)
        } catch {
            started.running.faultFound(error)
            started.running.session.stop(.outputMalformed)
            return await stoppedServer(started, nil)
        }
        started.running.headReceived(answer.head)
        started.running.answered()
        started.running.session.stop(.answered)
        return await whole(started, RequestPump(), answer.head, answer.body)
    }

    private func stream(
        _ started: StartedRun,
        _ runtime: LambdaRuntime,
        _ contentType: String?,
        isHTTP: Bool
    ) async -> InvocationAnswer {
        let running = started.running
        let source = ServerAnswer(RuntimeBody(runtime, running), running) {
            running.session.stop(.answered)
        }
        let essence = contentType?.prefix { $0 != ";" }.lowercased()
        guard isHTTP, essence == LambdaPrelude.mediaType else {
            let head = ResponseHead(fields: [.contentType: contentType ?? "application/octet-stream"])
            running.headReceived(head)
            return await answer(started, RequestPump(), source, head)
        }
        var prelude = LambdaPrelude()
        while true {
            switch await source.next() {
            case .bytes(var bytes):
                switch prelude.received(&bytes) {
                case .begins(let head):
                    running.headReceived(head)
                    return await answer(started, RequestPump(), source, head, body: bytes)
                case .malformed(let fault): return await broken(started, nil, fault)
                case .incomplete, .localRedirect: continue
                }
            case .end: return await broken(started, nil, .noPrelude)
            case .failure(let fault): return await broken(started, nil, fault)
            case .overLimit: return await stoppedServer(started, nil)
            }
        }
    }
}

extension StartedRun {
    /// The lines that end the log of a Lambda function's call; none for others.
    func lastLines(_ record: Invocation, ended: ContinuousClock.Instant) -> [String] {
        guard let program = run.lease.program, let runtime = program.runtime else { return [] }
        runtime.close()
        return LambdaReport.end(
            record,
            milliseconds: ((runtime.answeredAt ?? ended) - released) / .milliseconds(1),
            initMilliseconds: program.startMilliseconds,
            memory: run.function.revision.configuration.limits.memory.bytes,
            timeout: running.limits.timeout / .milliseconds(1)
        )
    }
}

/// A streamed answer of a runtime.
private struct RuntimeBody: AnswerSource {
    let runtime: LambdaRuntime
    let running: RunningInvocation

    init(_ runtime: LambdaRuntime, _ running: RunningInvocation) {
        self.runtime = runtime
        self.running = running
    }

    func next() async -> AnswerPart { part(await runtime.part()) }
    func nextIfPresent() -> AnswerPart? { runtime.partIfPresent().map(part) }

    private func part(_ part: RuntimeAnswerState.Part) -> AnswerPart {
        switch part {
        case .bytes(let bytes): return .body(bytes)
        case .end: return .end(nil)
        case .failed(let failure):
            running.functionFailed(failure)
            return .failure(.failedInside)
        case .broken: return .failure(.closedInside)
        }
    }
}
