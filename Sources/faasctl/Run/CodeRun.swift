// SPDX-License-Identifier: Apache-2.0
// One request to POST /v1/run, and its answer on this terminal. RunCommand drives it.

import Foundation
import FunctionModel
import GatewayAPI

/// One run of code through the gateway.
struct CodeRun {
    let client: GatewayClient
    let global: GlobalOptions
    let request: RunRequest

    private static let what = "cannot run the code"

    /// Runs it and shows its output, or with `--output json` the whole answer.
    ///
    /// - Returns: the exit code, 128 plus the signal, or 124 after the time limit.
    /// - Throws: ``CommandFailure`` when nothing ran.
    func run() async throws(CommandFailure) -> Int32 {
        var call = GatewayRequest("POST", APIPath.run)
        try call.setJSON(request)
        call.silenceSecondsMax = GatewayRequest.patienceSecondsMax
        let body = try await client.require(call, Self.what)
        let answer = try GatewayClient.decode(RunAnswerBody.self, from: body, Self.what)
        if global.output == .table {
            let output =
                answer.output.map { Data($0.utf8) } ?? answer.outputBase64.flatMap { Data(base64Encoded: $0) }
            try Terminal.output.write(output ?? Data())
            try Terminal.error.write((answer.errors ?? "").utf8)
            if let note = Self.note(answer) { Terminal.error.remark("faasctl: \(note)") }
        } else {
            try global.emit(json: body) { "" }
        }
        return Self.exitCode(answer)
    }

    /// As the shell's `timeout` ends.
    static let timeoutCode: Int32 = 124

    static func exitCode(_ answer: RunAnswerBody) -> Int32 {
        if answer.outcome == .timeout { return timeoutCode }
        if let code = answer.exitCode { return Int32(clamping: code) }
        return answer.signal.map { 128 + Int32(clamping: $0) } ?? ContainerEnded.platformCode
    }

    /// What the exit code does not say.
    static func note(_ answer: RunAnswerBody) -> String? {
        switch answer.outcome {
        case .timeout: "stopped: the time limit was over"
        case .oom: "the container used too much memory"
        default: answer.truncated ? "the output was cut: it is larger than the limit" : nil
        }
    }
}
