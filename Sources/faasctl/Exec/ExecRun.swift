// SPDX-License-Identifier: Apache-2.0
// One more process in a running container, attached to this terminal. ExecCommand and ComposeExecCommand use it.

import Foundation
import FunctionModel
import GatewayAPI

/// One process through the gateway.
struct ExecRun {
    let client: GatewayClient
    /// A container or a call, by a name or an id.
    let container: String
    let request: ExecRequest
    /// Keys of the terminal that leave it running.
    var keys = DetachKeys.standard

    static let what = "cannot run the program in the container"

    /// Runs it to its end, or until the terminal detaches; a detached one until it was executed.
    ///
    /// - Returns: the exit code, or that it runs on.
    /// - Throws: ``CommandFailure`` when there is no process, or the gateway closes the connection.
    func run() async throws(CommandFailure) -> AttachedEnd {
        var wanted = request
        if wanted.hasTerminal, let size = TerminalMode.size() {
            (wanted.rows, wanted.columns) = (size.rows, size.columns)
        }
        var start = GatewayRequest("POST", APIPattern.containerExec.path(container))
        try start.setJSON(wanted)
        start.silenceSecondsMax = GatewayRequest.patienceSecondsMax
        var terminal = AttachedTerminal(
            client: client,
            what: Self.what,
            hasTerminal: request.hasTerminal,
            hasInput: request.hasInput
        )
        terminal.keys = keys
        let message = start
        return try await terminal.with { link throws(CommandFailure) in
            switch try await terminal.follow(message, link) {
            case .refused(let answer): throw client.failure(answer, Self.what)
            case .ended(let end): return AttachedTerminal.show(end)
            case .detached: return .detached
            }
        }
    }

    /// As ``run()``; what is left running is told to the terminal, and is an exit code of 1, as with Docker.
    func exitCode() async throws(CommandFailure) -> Int32 {
        switch try await run() {
        case .ended(let code): return code
        case .detached:
            Terminal.error.remark(AttachedTerminal.detachRemark)
            return 1
        }
    }
}
