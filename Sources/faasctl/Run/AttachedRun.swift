// SPDX-License-Identifier: Apache-2.0
// The terminal's side of an attached container: writes its output, sends input and signals. RunCommand,
// StartCommand and AttachCommand use it.

import Foundation
import FunctionModel
import GatewayAPI
import NIOCore

/// One container through the gateway.
struct AttachedRun {
    let client: GatewayClient
    let global: GlobalOptions
    var request: ContainerRequest
    /// A container that exists; nil creates one.
    var existing: Existing?
    /// Keys of the terminal that leave it running.
    var keys = DetachKeys.standard
    var passesSignals = true

    struct Existing {
        var id: String
        /// Whether it is started.
        var starts: Bool
    }

    private static let what = "cannot run the container"

    /// Runs it to its end, or until the terminal detaches.
    ///
    /// - Returns: the exit code, or that it runs on.
    /// - Throws: ``CommandFailure`` when the container cannot be started, or the gateway closes the connection.
    func run() async throws(CommandFailure) -> AttachedEnd {
        var terminal = AttachedTerminal(
            client: client,
            what: Self.what,
            hasTerminal: request.hasTerminal,
            hasInput: request.hasInput
        )
        terminal.keys = keys
        terminal.passesSignals = passesSignals
        let start = try start()
        return try await terminal.with { link throws(CommandFailure) in
            if request.hasTerminal, existing != nil { link.redraw() }
            var answer = try await terminal.follow(start, link)
            if case .refused(let refusal) = answer, refusal.isUnknownImage {
                try await pull()
                answer = try await terminal.follow(start, link)
            }
            switch answer {
            case .ended(let end): return AttachedTerminal.show(end)
            case .detached: return .detached
            case .refused(let refusal): throw client.failure(refusal, Self.what)
            }
        }
    }

    private func start() throws(CommandFailure) -> GatewayRequest {
        var start: GatewayRequest
        if let existing {
            start = GatewayRequest("POST", APIPattern.containerAttach.path(existing.id))
            if existing.starts { start.query = [("start", "true")] }
        } else {
            var wanted = request
            if wanted.hasTerminal, let size = TerminalMode.size() {
                (wanted.rows, wanted.columns) = (size.rows, size.columns)
            }
            start = GatewayRequest("POST", APIPath.containers)
            start.query = [("attach", "true")]
            try start.setJSON(wanted)
        }
        start.silenceSecondsMax = GatewayRequest.patienceSecondsMax
        return start
    }

    private func pull() async throws(CommandFailure) {
        try await Transfer(client: client, global: global).pull(request.image, onlyMissing: true, Self.what)
    }

    /// Creates and starts it in the background.
    ///
    /// - Returns: its id.
    /// - Throws: ``CommandFailure``.
    func detached() async throws(CommandFailure) -> String {
        var start = GatewayRequest("POST", APIPath.containers)
        start.query = [("start", "true")]
        try start.setJSON(request)
        start.silenceSecondsMax = GatewayRequest.patienceSecondsMax
        var answer = try await client.exchange(start)
        if answer.isUnknownImage {
            try await pull()
            answer = try await client.exchange(start)
        }
        guard answer.head.isSuccess else { throw client.failure(answer, Self.what) }
        return try GatewayClient.decode(ContainerBody.self, from: answer.body, Self.what).id
    }
}

extension GatewayResponse {
    /// Whether the gateway lacks the image.
    fileprivate var isUnknownImage: Bool {
        head.status == 404 && problem?.code == ProblemBody.unknownImage
    }
}
