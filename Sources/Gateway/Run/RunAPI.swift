// SPDX-License-Identifier: Apache-2.0
// A command or code in one fresh container, and its output as the answer. OwnPaths adds it.

import FoundationEssentials
import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird
import Scheduler

/// POST /v1/run.
struct RunAPI: Sendable {
    let runs: any RunService
    /// Of requests and outputs of all runs, until each answer is written.
    let memory: ByteBudget

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(APIPath.run, [.post: run])
    }

    /// 200 whenever the container ran, whatever its exit code.
    @Sendable private func run(_ request: Request, _ context: OwnContext) async throws -> Response {
        let isStreamed = request.headers[.accept]?.lowercased().contains(RunEvents.mediaType) == true
        let share = ByteBudget.Share(memory)
        let planning = try await Self.plan(request, share, isStreamed: isStreamed)
        let call = context.call
        if isStreamed { return try await RunEvents.response(runs, planning, share, call) }
        // Before anything runs: an output that the program wrote already cannot be refused.
        guard share.take(2 * planning.request.limits.output.bytes) else { throw Problem.runsFull }
        let capture = RunCapture(isStreamed: false, share: share)
        let answer = try await runs.run(planning, id: call.id, arrivedAt: call.arrived.date, capture)
        if let problem = Problem(unanswered: answer.record) { throw problem }
        var body = RunAnswerBody(answer)
        (body.output, body.outputBase64) = RunText.forms(of: answer.output.readableBytesView)
        body.errors = String(decoding: answer.errors.readableBytesView, as: UTF8.self)
        let bytes = ByteBuffer(bytes: try APIJSON.encode(body))
        return Response(
            status: .ok,
            headers: [.contentType: MediaName.json],
            body: ResponseBody(contentLength: bytes.readableBytes) { writer in
                try await writer.write(bytes)
                try await writer.finish(nil)
                withExtendedLifetime(share) {}
            }
        )
    }

    /// The body's texts are freed here: what is planned has the files' bytes.
    private static func plan(_ request: Request, _ share: ByteBudget.Share, isStreamed: Bool) async throws
        -> RunPlanning
    {
        let wanted = try await WireJSON.decode(
            RunRequest.self,
            request,
            bytesMax: RunBounds.bodyBytesMax,
            taking: share
        )
        do throws(RunMistake) { return try RunPlanning(wanted, isStreamed: isStreamed) } catch {
            throw RunRefusal.mistake(error)
        }
    }
}

extension RunAnswerBody {
    /// Without output.
    init(_ answer: RunAnswer) {
        let files = answer.files.map { file in
            switch file.content {
            case .bytes(let bytes): RunFileBody(path: file.path, bytes: bytes.readableBytesView)
            case .missing(let reason): RunFileBody(path: file.path, error: reason)
            }
        }
        self.init(answer.record, truncated: answer.isTruncated, files: files)
    }
}

extension Problem {
    /// A run whose end says nothing of its command; nil for every other one.
    init?(unanswered record: Invocation) {
        switch record.outcome {
        case .ok, .exit, .signal, .oom, .timeout: return nil
        case .cancelled, .lost, .platform: self.init(record)
        }
    }

    /// Nothing ran.
    init(_ refusal: RunRefusal) {
        switch refusal {
        case .mistake(.invalid(let error)): self.init(error)
        case .mistake(.tooLarge(let field, let bytes, let max)):
            self.init(
                413,
                .bodyTooLarge,
                "\(field): \(bytes) bytes are more than \(ByteCount(bytes: max))"
            )
        case .unknownImage(let name, let reference, let names):
            let known = names.isEmpty ? "has no names" : "has \(names.joined(separator: ", "))"
            let what = name == reference ? "'\(name)'" : "'\(reference)', for which '\(name)' stands"
            self.init(
                404,
                .unknownImage,
                "no image \(what); pull, load or build it first, or name another in 'run_images' of the "
                    + "gateway's configuration, which \(known)"
            )
        case .image(let error): self.init(error)
        case .file(_, let reason): self.init(400, .invalid, "a file cannot be written: \(reason)")
        case .call(.busy(let seconds)):
            self.init(429, .busy, "too many runs at once; try again later")
            retryAfterSeconds = seconds
        case .call(.cannotStart(let reason)):
            self.init(StatusTable.status(.platform, .cannotStart), .cannotStart, "no container: \(reason)")
        case .call(let refusal): self = Problem(refusal).forAdmin
        }
    }
}
