// SPDX-License-Identifier: Apache-2.0
// `faasctl logs NAME`: prints a function's standard error; with -f also new lines.

import ArgumentParser
import Foundation
import FunctionModel
import GatewayAPI

struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Show the standard error of a function.",
        discussion: """
            Following begins with the last \(Self.followedTail) lines, unless --tail, --since or --invocation say \
            otherwise. An invocation may be named by the beginning of its id, as the lines show it.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The function.", transform: NameArgument.function)
    var name: String

    @Flag(name: .shortAndLong, help: "Follow new lines until interrupted.")
    var follow = false

    @Option(help: ArgumentHelp("Only lines newer than this, for example 10m.", valueName: "span"))
    var since: String?

    @Option(help: ArgumentHelp("Only the last lines.", valueName: "n"))
    var tail: Int?

    @Option(
        help: ArgumentHelp("Only lines of one invocation.", valueName: "id"),
        transform: NameArgument.anything
    )
    var invocation: String?

    /// The number of lines with which `tail -f` begins.
    static let followedTail = 10

    func validate() throws {
        guard tail ?? 1 > 0 else {
            throw ValidationError("--tail: '\(tail ?? 0)' is not valid, expected 1 or more")
        }
        if let since { _ = try Self.moment(ago: since) }
    }

    /// The number of requested lines; nil for all.
    var linesWanted: Int? {
        if let tail { return tail }
        return follow && since == nil && invocation == nil ? Self.followedTail : nil
    }

    func run() async throws {
        var request = GatewayRequest("GET", APIPath.logs)
        request.query = [("name", name), ("follow", follow ? "true" : "false")]
        if let linesWanted { request.query.append(("tail", "\(linesWanted)")) }
        if let invocation { request.query.append(("instance", invocation)) }
        if let since { request.query.append(("since", try Self.moment(ago: since))) }
        if follow { request.silenceSecondsMax = GatewayRequest.patienceSecondsMax }
        let client = try global.client()
        let what = "cannot read the log of '\(name)'"
        var splitter = ResponseLineSplitter()
        var refusal = Data()
        let output = global.output
        let head = try await client.stream(request) { head, bytes throws(CommandFailure) in
            guard head.isSuccess else { return refusal.append(bytes) }
            for line in splitter.append(bytes) { try Self.write(line, output) }
        }
        guard head.isSuccess else {
            throw client.failure(GatewayResponse(head: head, body: refusal), what)
        }
        if let last = splitter.finish() { try Self.write(last, output) }
    }

    /// A time in the past in the form of RFC 3339.
    static func moment(ago text: String) throws -> String {
        let span: TimeSpan
        do { span = try TimeSpan(text, field: "--since") } catch { throw ValidationError("\(error)") }
        return Date(timeIntervalSinceNow: -Double(span.nanoseconds) / 1e9).formatted(.iso8601)
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
