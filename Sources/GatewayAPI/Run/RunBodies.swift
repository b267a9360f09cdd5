// SPDX-License-Identifier: Apache-2.0
// The answer of POST /v1/run, whole or as server-sent events. Gateway writes it, faasctl reads it.

import FoundationEssentials
package import FunctionModel

extension RunRequest: StrictBody {}

/// A file of the answer.
package struct RunFileBody: Hashable, Sendable, Codable {
    /// As the request named it.
    package var path: String
    package var content: String?
    /// In place of ``content``, when that is not UTF-8.
    package var contentBase64: String?
    /// In place of both: why it is not here.
    package var error: String?

    package enum CodingKeys: String, CodingKey {
        case path, content
        case contentBase64 = "content_base64"
        case error
    }

    package init(path: String, bytes: some Sequence<UInt8>) {
        self.path = path
        (content, contentBase64) = RunText.forms(of: bytes)
    }

    package init(path: String, error: String) {
        self.path = path
        self.error = error
    }
}

/// Text where bytes are UTF-8, else base64.
package enum RunText {
    /// One of the two is nil.
    package static func forms(of bytes: some Sequence<UInt8>) -> (text: String?, base64: String?) {
        let data = Data(bytes)
        guard let text = String(validating: data, as: UTF8.self) else {
            return (nil, data.base64EncodedString())
        }
        return (text, nil)
    }
}

/// How a run ended, and its output where that was not streamed.
package struct RunAnswerBody: Hashable, Sendable, Codable {
    package var id: String
    package var outcome: Outcome
    /// Nil when a signal ended it.
    package var exitCode: Int?
    package var signal: Int?
    /// Nil when it was streamed, or is not UTF-8.
    package var output: String?
    package var outputBase64: String?
    /// Bytes that are not UTF-8 are replaced; nil when it was streamed.
    package var errors: String?
    /// Whether stdout or stderr was cut at `limits.output`.
    package var truncated: Bool
    package var queueMilliseconds: Double
    package var startMilliseconds: Double
    package var runMilliseconds: Double
    package var cpuMilliseconds: Double
    package var peakMemoryBytes: Int
    package var limitsReached: [LimitName]
    package var files: [RunFileBody]

    package enum CodingKeys: String, CodingKey {
        case id, outcome
        case exitCode = "exit_code"
        case signal
        case output = "stdout"
        case outputBase64 = "stdout_base64"
        case errors = "stderr"
        case truncated
        case queueMilliseconds = "queue_ms"
        case startMilliseconds = "start_ms"
        case runMilliseconds = "run_ms"
        case cpuMilliseconds = "cpu_ms"
        case peakMemoryBytes = "peak_memory_bytes"
        case limitsReached = "limits_reached"
        case files
    }

    /// - Parameters:
    ///   - record: of the run.
    ///   - truncated: whether output was cut.
    ///   - files: those that were asked for.
    package init(_ record: Invocation, truncated: Bool, files: [RunFileBody]) {
        id = record.id
        outcome = record.outcome
        exitCode = record.exitCode
        signal = record.signal
        self.truncated = truncated
        queueMilliseconds = record.queueMilliseconds
        startMilliseconds = record.startMilliseconds
        runMilliseconds = record.runMilliseconds
        cpuMilliseconds = record.cpuMilliseconds
        peakMemoryBytes = record.peakMemoryBytes
        limitsReached = record.limitsReached ?? []
        self.files = files
    }
}

/// The data of an event `stdout` or `stderr`.
package struct RunOutputBody: Hashable, Sendable, Codable {
    package var text: String?
    /// In place of ``text``, when that is not UTF-8.
    package var base64: String?

    package init(bytes: some Sequence<UInt8>) { (text, base64) = RunText.forms(of: bytes) }
}

/// Names of the events of a run.
package enum RunEvent {
    package static let output = "stdout"
    package static let errors = "stderr"
    /// The last of a run that ended: a ``RunAnswerBody`` without output.
    package static let exit = "exit"
    /// The last of a run that failed after its answer had begun: a ``ProblemBody``.
    package static let error = "error"
}
