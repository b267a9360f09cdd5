// SPDX-License-Identifier: Apache-2.0
// `faasctl invocations [NAME]`: lists the history, newest first.

import ArgumentParser
import FunctionModel
import GatewayAPI

struct InvocationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invocations",
        abstract: "List calls, newest first."
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var namespace: NamespaceOption

    @Argument(help: "Only this function.", completion: .functions, transform: NameArgument.function)
    var name: String?

    @Flag(help: "Only failed calls.")
    var failed = false

    @Option(
        help: ArgumentHelp("Only calls that started within this time, for example 1h.", valueName: "span")
    )
    var since: String?

    @Option(help: "Maximum number of calls.")
    var limit = 1000

    /// The gateway's own bound for one answer.
    private static let limitMax = 10_000

    func validate() throws {
        if let since { _ = try ContainerLogs.moment(since, field: "--since") }
        guard (1...Self.limitMax).contains(limit) else {
            throw ValidationError("--limit: '\(limit)' is not valid, expected 1 to \(Self.limitMax)")
        }
    }

    func run() async throws {
        let what = name.map { "cannot read the history of '\($0)'" } ?? "cannot read the history"
        var request = GatewayRequest("GET", APIPath.invocations)
        if let name { request.query.append(("function", try namespace.qualified(name))) }
        if let name = namespace.name { request.query.append(("namespace", name)) }
        if failed { request.query.append(("failed", "true")) }
        if let since { request.query.append(("since", try ContainerLogs.moment(since, field: "--since"))) }
        request.query.append(("limit", "\(limit)"))
        let body = try await global.client().require(request, what)
        try global.emit(json: body) { () throws(CommandFailure) in
            let records = try GatewayClient.decode([Invocation].self, from: body, what)
            var table = Table("ID", "FUNCTION", "REV", "TRIGGER", "STARTED", "TIME", "STATUS", "END", "OUT")
            for record in records {
                table.add(
                    record.id,
                    record.function.text,
                    "\(record.revision)",
                    record.trigger.rawValue,
                    Moment.text(record.startedAt),
                    Moment.text(milliseconds: record.totalMilliseconds),
                    "\(record.status)",
                    Self.ending(record),
                    Moment.text(bytes: record.bytesOut)
                )
            }
            return table.text(colour: Terminal.output.hasColour)
        }
    }

    /// The outcome with its exit code or signal, and the limits that the outcome does not name.
    static func ending(_ record: Invocation) -> String {
        let limits = (record.limitsReached ?? []).filter { $0 != .memory || record.outcome != .oom }
        let text =
            switch record.outcome {
            case .exit: record.exitCode.map { "exit \($0)" } ?? "exit"
            case .signal: record.signal.map { "signal \($0)" } ?? "signal"
            default: record.outcome.rawValue
            }
        return limits.isEmpty ? text : "\(text) (\(limits.map(\.rawValue).joined(separator: ", ")))"
    }
}
