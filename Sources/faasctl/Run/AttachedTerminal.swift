// SPDX-License-Identifier: Apache-2.0
// This terminal while it is at a container or a process: its link, its signals, its mode. AttachedRun and ExecRun use
// it.

import GatewayAPI

/// How a program ended for its terminal.
enum AttachedEnd: Hashable, Sendable {
    case ended(Int32)
    /// It runs on.
    case detached
}

struct AttachedTerminal {
    let client: GatewayClient
    /// What fails, for messages.
    let what: String
    let hasTerminal: Bool
    let hasInput: Bool
    var keys = DetachKeys.standard
    var passesSignals = true

    /// As Docker says it.
    static let detachRemark = "read escape sequence"

    /// Does something with a link, and restores the terminal.
    func with<Value>(
        _ body: (AttachLink) async throws(CommandFailure) -> Value
    ) async throws(CommandFailure) -> Value {
        // Keys are what a terminal sends: a pipe's bytes are passed on whole.
        let link = AttachLink(client: client, keys: hasTerminal && hasInput ? keys : nil)
        let signals = passesSignals ? SignalRelay { link.signal($0) } : nil
        defer {
            TerminalMode.restore()
            signals?.end()
            link.end()
        }
        return try await body(link)
    }

    /// Sends a request and follows its answer to the end, or until the detach keys.
    ///
    /// - Returns: how it ended; nil with the gateway's refusal.
    func follow(
        _ start: GatewayRequest,
        _ link: AttachLink
    ) async throws(CommandFailure) -> AttachedStream.Answer {
        let stream = AttachedStream(client: client, what: what)
        return try await stream.follow(start, link, hasTerminal: hasTerminal, hasInput: hasInput)
    }

    /// What the terminal shows of an end.
    static func show(_ end: ContainerEnded) -> AttachedEnd {
        if let reason = end.reason {
            TerminalMode.restore()
            Terminal.error.remark("faasctl: \(reason)")
        }
        return .ended(end.exitCode)
    }
}
