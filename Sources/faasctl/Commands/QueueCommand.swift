// SPDX-License-Identifier: Apache-2.0
// `faasctl queue`: asynchronous calls, including dead letters.

import ArgumentParser
import Foundation
import GatewayAPI

struct QueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: "Look at asynchronous calls, run dead letters again, cancel and remove calls.",
        subcommands: [
            QueueListCommand.self, QueueShowCommand.self, QueueRetryCommand.self, QueueCancelCommand.self,
            QueuePurgeCommand.self,
        ]
    )
}

/// The states of asynchronous calls.
enum QueueStateArgument: String, CaseIterable, ExpressibleByArgument {
    case queued, running, waiting, succeeded, failed, cancelled
}

struct QueueListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List asynchronous calls, newest first.",
        aliases: ["ls"]
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var namespace: NamespaceOption

    @Option(help: "Only this function.", completion: .functions, transform: NameArgument.function)
    var function: String?

    @Option(help: "Only calls of this state; repeatable.")
    var state: [QueueStateArgument] = []

    @Option(help: "Maximum number of calls.")
    var limit = 1000

    /// The gateway's own bound for one answer.
    private static let limitMax = 10_000

    func validate() throws {
        guard (1...Self.limitMax).contains(limit) else {
            throw ValidationError("--limit: '\(limit)' is not valid, expected 1 to \(Self.limitMax)")
        }
    }

    func run() async throws {
        let what = "cannot list the queue"
        var request = GatewayRequest("GET", APIPath.queue)
        request.query =
            try QueueSelection.query(namespace.query(function: function), state) + [("limit", "\(limit)")]
        let body = try await global.client().require(request, what)
        try global.emit(json: body) { () throws(CommandFailure) in
            var table = Table("ID", "FUNCTION", "STATE", "ATTEMPTS", "ACCEPTED", "NEXT", "STATUS", "END")
            for call in try GatewayClient.decode([QueuedCallBody].self, from: body, what) {
                table.add(
                    call.id,
                    call.qualifiedFunction,
                    call.state,
                    "\(call.attempts)",
                    Moment.text(call.acceptedAt),
                    Moment.text(call.nextAttemptAt),
                    call.status.map(String.init) ?? "",
                    QueueText.ending(call)
                )
            }
            return table.text(colour: Terminal.output.hasColour)
        }
    }
}

struct QueueShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one call: where it stands, and its last attempt."
    )

    @OptionGroup var global: GlobalOptions

    @Flag(help: "Print the output of its last attempt instead.")
    var showOutput = false

    @Argument(help: "The call's id.")
    var id: String

    func run() async throws {
        let client = try global.client()
        let what = "cannot show the call '\(id)'"
        if showOutput {
            let request = GatewayRequest("GET", APIPattern.callOutput.path(id))
            return try Terminal.output.write(try await client.require(request, what))
        }
        let body = try await client.require(GatewayRequest("GET", APIPattern.call.path(id)), what)
        try global.emit(json: body) { () throws(CommandFailure) in
            QueueText.lines(try GatewayClient.decode(QueuedCallBody.self, from: body, what))
        }
    }
}

/// A command that changes calls one by one.
protocol CallChangeCommand: AsyncParsableCommand {
    static var request: (method: String, path: APIPattern) { get }
    /// The first words of the line that reports a changed call.
    static var done: String { get }

    var global: GlobalOptions { get }
    var ids: [String] { get }

    /// The first words of a refusal.
    static func failure(_ id: String) -> String
}

extension CallChangeCommand {
    func run() async throws {
        let client = try global.client()
        try await forEachName(ids) { id throws(CommandFailure) in
            let request = GatewayRequest(Self.request.method, Self.request.path.path(id))
            _ = try await client.require(request, Self.failure(id))
            global.remark("\(Self.done) \(id)")
        }
    }
}

struct QueueRetryCommand: CallChangeCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Run failed or cancelled calls again, with all their attempts."
    )
    static let request = (method: "POST", path: APIPattern.queuedCallRetry)
    static let done = "queued"

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The calls' ids.")
    var ids: [String]

    static func failure(_ id: String) -> String { "cannot run the call '\(id)' again" }
}

struct QueueCancelCommand: CallChangeCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "End calls that have not ended, running ones too."
    )
    static let request = (method: "DELETE", path: APIPattern.queuedCall)
    static let done = "cancelled"

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The calls' ids.")
    var ids: [String]

    static func failure(_ id: String) -> String { "cannot cancel the call '\(id)'" }
}

struct QueuePurgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge",
        abstract: "Remove dead letters, or calls of the states given; running ones stay."
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var namespace: NamespaceOption

    @Option(help: "Only this function.", completion: .functions, transform: NameArgument.function)
    var function: String?

    @Option(help: "Calls of this state instead of failed ones; repeatable.")
    var state: [QueueStateArgument] = []

    func run() async throws {
        let what = "cannot purge the queue"
        var request = GatewayRequest("DELETE", APIPath.queue)
        request.query = try QueueSelection.query(namespace.query(function: function), state)
        let body = try await global.client().require(request, what)
        try global.emit(json: body) { () throws(CommandFailure) in
            "removed \(try GatewayClient.decode(PurgeBody.self, from: body, what).purged) calls\n"
        }
    }
}
