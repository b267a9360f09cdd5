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

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(APIPath.run, [.post: run])
    }

    /// 200 whenever the container ran, whatever its exit code.
    @Sendable private func run(_ request: Request, _ context: OwnContext) async throws -> Response {
        let wanted = try await WireJSON.decode(RunRequest.self, request, bytesMax: RunBounds.bodyBytesMax)
        let call = context.call
        if request.headers[.accept]?.lowercased().contains(RunEvents.mediaType) == true {
            return try await RunEvents.response(runs, wanted, call)
        }
        let capture = RunCapture(isStreamed: false)
        let answer = try await runs.run(wanted, id: call.id, arrivedAt: call.arrived.date, capture)
        if let problem = Problem(unanswered: answer.record) { throw problem }
        var body = RunAnswerBody(answer)
        (body.output, body.outputBase64) = RunText.forms(of: answer.output.readableBytesView)
        body.errors = String(decoding: answer.errors.readableBytesView, as: UTF8.self)
        return try WireJSON.response(body)
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
            self.init(429, .busy, "too many runs like this one at once; try again later")
            retryAfterSeconds = seconds
        case .call(.cannotStart(let reason)):
            self.init(StatusTable.status(.platform, .cannotStart), .cannotStart, "no container: \(reason)")
        case .call(let refusal): self = Problem(refusal).forAdmin
        }
    }
}
