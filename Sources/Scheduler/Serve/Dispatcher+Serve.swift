// SPDX-License-Identifier: Apache-2.0
// One call of a server that was started ahead: assignment, request, answer, end. Part of Dispatcher.

import Contracts
import FunctionModel
import HTTPTypes
import NIOCore
import Sandbox
import SandboxHTTP

/// One request to a server that was started ahead.
struct ServerExchange: Sendable {
    var program: StartedProgram
    var connection: ServerConnection
    var pump: RequestPump
}

extension Dispatcher {
    /// Runs a call on the program of its sandbox; nil when that died before the call was assigned to it.
    func serve(_ run: Run, _ program: StartedProgram) async throws(InvocationRefusal) -> InvocationAnswer? {
        let running = running(run)
        let session = running.session
        do throws(SandboxError) {
            try session.assign(preparesNext: run.lease.preparesNext)
        } catch {
            session.kill(.cancelled)
            lost(run, error.description)
            return nil
        }
        program.assign(to: running)
        let started = admitted(run, running)
        let result: Result<InvocationAnswer?, InvocationRefusal> = await withTaskCancellationHandler {
            switch program.settings.intake {
            case .standardInput: await answer(started)
            case .server(let port, _): .success(await exchange(started, program, port))
            case .runtime: .success(await invokeRuntime(started, program))
            }
        } onCancel: {
            session.stop(.cancelled)
        }
        return try result.get()
    }

    private func exchange(_ started: StartedRun, _ program: StartedProgram, _ port: UInt16) async
        -> InvocationAnswer
    {
        let request = started.run.call.request
        if request.head.upgrade != nil { return await upgrade(started, program, port) }
        var isStream = false
        if case .stream = request.body { isStream = true }
        var isResent = false
        // A server may close a kept connection at any time: only what may be sent twice goes there
        // (RFC 9110, section 9.2.2).
        if !isStream, Self.repeatable.contains(request.head.method), let kept = program.takeConnection() {
            let first = await send(started, kept)
            switch first {
            case .failure(.closedBeforeHead), .failure(.broken): isResent = true
            case .head, .failure, .body, .end:
                let exchange = ServerExchange(program: program, connection: kept, pump: RequestPump())
                return await answered(started, exchange, first)
            }
        }
        let connection: ServerConnection
        do throws(ExchangeFailure) { connection = try await program.connect(port: port) } catch {
            return await broken(started, nil, .unreachable)
        }
        if isStream { beginRequest(started, connection) }
        let pump = RequestPump(request, into: connection, of: started.running)
        let first =
            isStream ? await connection.next() : await send(started, connection, isResent: isResent)
        let exchange = ServerExchange(program: program, connection: connection, pump: pump)
        return await answered(started, exchange, first)
    }

    /// Methods that may be sent again when the connection breaks before an answer.
    private static let repeatable: Set<HTTPRequest.Method> = [.get, .head, .options, .trace, .put, .delete]

    /// Sends a request whose body is here, and waits for the answer's first part.
    ///
    /// The body of one that was sent before, on a connection that broke, is not counted again.
    func send(_ started: StartedRun, _ connection: ServerConnection, isResent: Bool = false) async
        -> AnswerPart
    {
        beginRequest(started, connection, isResent: isResent)
        return await connection.next()
    }

    /// Sends the head, and the body as far as it is here.
    private func beginRequest(
        _ started: StartedRun,
        _ connection: ServerConnection,
        isResent: Bool = false
    ) {
        let request = started.run.call.request
        var body: ByteBuffer?
        if case .whole(let bytes) = request.body { body = bytes }
        // What follows a request for another protocol is sent once the server has agreed.
        var isWhole = true
        if case .stream = request.body { isWhole = request.head.upgrade != nil }
        connection.send(
            HTTPForwarding.request(
                request.head,
                isLast: !started.run.lease.mayReturn,
                bodyBytes: isWhole ? body?.readableBytes ?? 0 : nil
            ),
            body: body,
            isWhole: isWhole
        )
        if let body, !isResent { started.running.taken(bytes: body.readableBytes) }
    }

    func answered(_ started: StartedRun, _ exchange: ServerExchange, _ first: AnswerPart) async
        -> InvocationAnswer
    {
        switch first {
        case .head(let response):
            let head = HTTPForwarding.response(response)
            // 101 would hand the connection over, which nothing has asked for.
            guard (200...599).contains(head.status) else {
                return await broken(started, exchange.pump, .status)
            }
            started.running.headReceived(head)
            let answer = ServerAnswer(exchange.connection, started.running) { [self] in
                conclude(started, exchange)
            }
            return await self.answer(started, exchange.pump, answer, head)
        case .failure(let failure): return await broken(started, exchange.pump, Self.fault(failure))
        case .body, .end: return await broken(started, exchange.pump, .notHTTP)
        }
    }

    /// The head is here: a short answer is collected, any other begins to leave.
    func answer(
        _ started: StartedRun,
        _ pump: RequestPump,
        _ answer: ServerAnswer,
        _ head: ResponseHead,
        body beginning: ByteBuffer = ByteBuffer()
    ) async -> InvocationAnswer {
        let running = started.running
        var body = beginning
        let length = head.fields[.contentLength].flatMap { Int($0) }
        let request = started.run.call.request
        let isShort =
            request.head.method == .head || !head.hasContent
            || (length ?? .max) <= Self.responseBufferBytes && !request.wantsStream
        while body.readableBytes <= Self.responseBufferBytes,
            let part = isShort ? await answer.next() : answer.nextIfPresent()
        {
            switch part {
            case .bytes(var bytes): body.writeBuffer(&bytes)
            case .end:
                running.answered()
                answer.conclude()
                guard answer.trailers.isEmpty else {
                    // They can follow a body in pieces only.
                    return streaming(started, pump, head, body, answer) { nil }
                }
                return await whole(started, pump, head, body)
            case .failure(let fault): return await broken(started, pump, fault)
            case .overLimit: return await stoppedServer(started, pump)
            }
        }
        return streaming(started, pump, head, body, answer, answer.nextStreamed)
    }

    func streaming(
        _ started: StartedRun,
        _ pump: RequestPump,
        _ head: ResponseHead,
        _ body: ByteBuffer,
        _ answer: ServerAnswer,
        _ source: @escaping @Sendable () async -> ByteBuffer?
    ) -> InvocationAnswer {
        started.running.committed()
        let stream = StreamedOutput(
            buffered: body,
            running: started.running,
            source: source,
            trailers: { answer.trailers }
        ) { [self] report in
            await finish(started, pump, report)
        }
        return .streaming(head, stream)
    }

    /// The whole answer is here, and concluded.
    ///
    /// The client does not wait for the server's end: only the record has its figures.
    func whole(
        _ started: StartedRun,
        _ pump: RequestPump,
        _ head: ResponseHead,
        _ body: ByteBuffer
    ) async -> InvocationAnswer {
        await pump.ended()
        // At once as far as the end is known: a server that is used again takes the next call without a change of
        // threads.
        let ending = Task.immediate {
            let report = await started.running.session.exit()
            await started.run.lease.program?.outputRead()
            return await finish(started, pump, report)()
        }
        guard started.run.call.request.awaitsEnd else {
            return .complete(head, output: body, started.answered(head))
        }
        return .complete(head, output: body, await ending.value)
    }

    /// The whole answer is here: the server waits for another request, or is ended.
    ///
    /// It is ended too when it answered before it had the whole request: the rest may still be under way.
    private func conclude(_ started: StartedRun, _ exchange: ServerExchange) {
        let session = started.running.session
        guard started.run.lease.mayReturn, exchange.pump.isComplete else { return session.stop(.answered) }
        exchange.program.unassign(exchange.connection)
        // Without effect when it is being ended already.
        if !session.handOn() { session.stop(.answered) }
    }

    /// There is no complete answer: a server that exits gets time to log the reason.
    func broken(
        _ started: StartedRun,
        _ pump: RequestPump?,
        _ fault: ResponseFault
    ) async -> InvocationAnswer {
        started.running.faultFound(fault)
        started.running.session.stop(.outputMalformed, after: ServerAnswer.endMax)
        return await stoppedServer(started, pump)
    }

    func stoppedServer(_ started: StartedRun, _ pump: RequestPump?, report: ByteBuffer? = nil) async
        -> InvocationAnswer
    {
        let exit = await started.running.session.exit()
        await started.run.lease.program?.outputRead()
        let record = await finish(started, pump ?? RequestPump(), exit)
        return .complete(ResponseHead(), output: report ?? ByteBuffer(), record())
    }

    /// What the failure of an exchange means as a rule of the contract.
    static func fault(_ failure: ExchangeFailure) -> ResponseFault {
        switch failure {
        case .closedBeforeHead: .noAnswer
        case .closedInside: .cutAnswer
        case .malformed, .unasked: .notHTTP
        case .failedInside: .failedInside
        case .broken: .cutAnswer
        }
    }
}
