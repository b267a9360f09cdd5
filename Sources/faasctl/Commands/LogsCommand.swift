// SPDX-License-Identifier: Apache-2.0
// `faasctl logs NAME`: prints a function's standard error; with -f also new lines.

import ArgumentParser
import Foundation
import FunctionModel
import GatewayAPI

struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Show the output of a container, or the standard error of a function.",
        discussion: """
            A container's log has both of its streams, and follows until the container ends. Of a function: \
            Following begins with the last \(Self.followedTail) lines, unless --tail, --since or --invocation say \
            otherwise. An invocation may be named by the beginning of its id, as the lines show it. In place of the name \
            may stand the id of a call that runs, as 'faasctl ps' shows it.

            Examples:

                faasctl logs hello -f
                faasctl logs hello --since 10m --tail 50
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var namespace: NamespaceOption

    @Argument(help: "The container or function.", completion: .functions, transform: NameArgument.anything)
    var name: String

    @Flag(name: .shortAndLong, help: "Follow new lines until interrupted.")
    var follow = false

    @Option(
        help: ArgumentHelp(
            "Only lines newer than this, for example 10m, or a time of RFC 3339.",
            valueName: "span"
        )
    )
    var since: String?

    @Option(help: ArgumentHelp("Only lines older than this; containers only.", valueName: "span"))
    var until: String?

    @Option(
        help: ArgumentHelp("Only the last lines, or 'all'.", valueName: "n")
    )
    var tail: String?

    @Flag(name: .shortAndLong, help: "Write each line's time; containers only.")
    var timestamps = false

    @Option(
        help: ArgumentHelp("Only lines of one invocation.", valueName: "id"),
        transform: NameArgument.anything
    )
    var invocation: String?

    /// The number of lines with which `tail -f` begins.
    static let followedTail = 10

    func validate() throws {
        if let tail, tail != "all", Int(tail).map({ $0 < 0 }) ?? true {
            throw ValidationError("--tail: '\(tail)' is not valid, expected a number of lines or 'all'")
        }
        for span in [since, until] { if let span { _ = try ContainerLogs.moment(span, field: "--since") } }
    }

    /// The number of requested lines; nil for all.
    var linesWanted: Int? {
        if let tail { return Int(tail) }
        return follow && since == nil && invocation == nil ? Self.followedTail : nil
    }

    func run() async throws {
        let client = try global.client()
        if invocation == nil, namespace.name == nil, global.output == .table {
            var logs = ContainerLogs(client: client, follow: follow, tail: tail, timestamps: timestamps)
            logs.since = try since.map { try ContainerLogs.moment($0, field: "--since") }
            logs.until = try until.map { try ContainerLogs.moment($0, field: "--until") }
            if try await logs.write(name) { return }
        }
        guard linesWanted != 0 else {
            throw ValidationError("--tail: '0' is not valid for a function, expected 1 or more")
        }
        guard namespace.name == nil, invocation == nil else {
            let name = try namespace.qualified(name)
            if let refusal = try await write(client, function: name, invocation) {
                throw client.failure(refusal, what)
            }
            return
        }
        if let refusal = try await write(client, function: name, nil) {
            guard let call = try await client.runningCall(name), let function = call.function else {
                throw client.failure(refusal, what)
            }
            // One that has written nothing yet has no log.
            let later = try await write(client, function: function, call.id)
            if let later, later.head.status != 404 { throw client.failure(later, what) }
        }
    }

    private var what: String { "cannot read the log of '\(name)'" }

    /// Writes the lines of a function, or of one call of it.
    ///
    /// - Returns: the answer, where the gateway refuses.
    private func write(_ client: GatewayClient, function: String, _ invocation: String?)
        async throws -> GatewayResponse?
    {
        var request = GatewayRequest("GET", APIPath.logs)
        request.query = [("name", function), ("follow", follow ? "true" : "false")]
        if let linesWanted { request.query.append(("tail", "\(linesWanted)")) }
        if let invocation { request.query.append(("instance", invocation)) }
        if let since { request.query.append(("since", try ContainerLogs.moment(since, field: "--since"))) }
        if follow { request.silenceSecondsMax = GatewayRequest.patienceSecondsMax }
        var splitter = ResponseLineSplitter()
        var refusal = Data()
        let output = global.output
        let head = try await client.stream(request) { head, bytes throws(CommandFailure) in
            guard head.isSuccess else { return refusal.append(bytes) }
            for line in splitter.append(bytes) { try Self.write(line, output) }
        }
        guard head.isSuccess else { return GatewayResponse(head: head, body: refusal) }
        if let last = splitter.finish() { try Self.write(last, output) }
        return nil
    }

    private static func write(_ line: Data, _ output: OutputFormat) throws(CommandFailure) {
        switch output {
        case .json: try Terminal.output.write(line + [UInt8(ascii: "\n")])
        case .yaml:
            try Terminal.output.write("---\n".utf8)
            try Terminal.output.write(YAMLOutput.text(ofJSON: line).utf8)
        case .table:
            let entry = try GatewayClient.decode(LogEntry.self, from: line, "cannot read the log")
            let call = entry.instance.prefix(idCharacters)
            try Terminal.output.line("\(Moment.text(entry.timestamp)) \(call) \(entry.text)")
        }
    }

    /// The length of abbreviated ids.
    private static let idCharacters = 8
}
