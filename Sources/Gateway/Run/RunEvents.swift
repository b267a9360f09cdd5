// SPDX-License-Identifier: Apache-2.0
// A run's output as server-sent events (WHATWG HTML, section 9.2), while the run goes on. RunAPI drives it.

import FoundationEssentials
import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird
import Scheduler

/// Events of one run.
enum RunEvents {
    static let mediaType = "text/event-stream"

    /// Answers with events once the command is executed; a run that ends before is a problem with a status.
    ///
    /// The run is killed when its client goes away.
    ///
    /// - Parameters:
    ///   - runs: runs it.
    ///   - planning: what runs.
    ///   - share: the memory of its request and files, held until the last event is written.
    ///   - call: of the request.
    /// - Returns: the stream.
    /// - Throws: what prevents the command's execution.
    static func response(
        _ runs: any RunService,
        _ planning: RunPlanning,
        _ share: ByteBudget.Share,
        _ call: ReceivedCall
    ) async throws -> Response {
        let capture = RunCapture(isStreamed: true, share: share)
        let running = Running(capture) {
            try await runs.run(planning, id: call.id, arrivedAt: call.arrived.date, capture)
        }
        let hasBegun = await withTaskCancellationHandler {
            await capture.begun()
        } onCancel: {
            running.cancel()
        }
        if !hasBegun {
            let answer = try await running.task.value
            if let problem = Problem(unanswered: answer.record) { throw problem }
        }
        return Response(
            status: .ok,
            headers: [.contentType: mediaType, .cacheControl: "no-store"],
            body: ResponseBody { writer in
                do {
                    // Sends the head, so that the client knows that the command runs.
                    try await writer.write(ByteBuffer())
                    var pieces = EventPieces()
                    while let piece = await running.next() {
                        if let event = try pieces.event(of: piece) { try await writer.write(event) }
                    }
                    for event in try pieces.rest() { try await writer.write(event) }
                    try await writer.write(last(await running.end(), call.id))
                } catch {
                    running.cancel()
                    throw error
                }
                try await writer.finish(nil)
                withExtendedLifetime(share) {}
            }
        )
    }

    /// The run beside its answer: it ends with the answer, also when that never began.
    private final class Running: Sendable {
        let task: Task<RunAnswer, any Error>
        let capture: RunCapture

        init(_ capture: RunCapture, _ run: @escaping @Sendable () async throws -> RunAnswer) {
            self.capture = capture
            task = Task {
                // Also after a refusal, which no output precedes.
                defer { capture.end() }
                return try await run()
            }
        }

        /// The next piece of output; a client that goes away meanwhile ends the run.
        func next() async -> AttachedOutput? {
            await withTaskCancellationHandler {
                await capture.next()
            } onCancel: {
                cancel()
            }
        }

        /// Waits for the end; a client that goes away meanwhile ends the run.
        func end() async -> Result<RunAnswer, any Error> {
            await withTaskCancellationHandler {
                await task.result
            } onCancel: {
                cancel()
            }
        }

        func cancel() {
            task.cancel()
            capture.close()
        }

        deinit { cancel() }
    }

    /// Output as events of whole characters.
    private struct EventPieces {
        private var output = TextPieces()
        private var errors = TextPieces()

        /// Nil while a character's rest is missing.
        mutating func event(of piece: AttachedOutput) throws -> ByteBuffer? {
            switch piece {
            case .output(let bytes): try RunEvents.text(RunEvent.output, output.add(bytes))
            case .errors(let bytes): try RunEvents.text(RunEvent.errors, errors.add(bytes))
            }
        }

        /// What was held back.
        mutating func rest() throws -> [ByteBuffer] {
            [
                try RunEvents.text(RunEvent.output, output.finish()),
                try RunEvents.text(RunEvent.errors, errors.finish()),
            ].compactMap { $0 }
        }
    }

    /// Nil without bytes.
    private static func text(_ name: String, _ bytes: [UInt8]) throws -> ByteBuffer? {
        bytes.isEmpty ? nil : event(name, try APIJSON.encode(RunOutputBody(bytes: bytes)))
    }

    private static func last(_ result: Result<RunAnswer, any Error>, _ id: String) throws -> ByteBuffer {
        let problem: Problem
        switch result {
        case .success(let answer):
            guard let found = Problem(unanswered: answer.record) else {
                return event(RunEvent.exit, try APIJSON.encode(RunAnswerBody(answer)))
            }
            problem = found
        case .failure(let error): problem = Problem(translating: error)
        }
        return event(RunEvent.error, Data(problem.json(callID: id).utf8.dropLast()))
    }

    /// One event; JSON has no line breaks.
    private static func event(_ name: String, _ json: Data) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(json.count + name.utf8.count + 18)
        buffer.writeString("event: \(name)\ndata: ")
        buffer.writeBytes(json)
        buffer.writeString("\n\n")
        return buffer
    }
}
