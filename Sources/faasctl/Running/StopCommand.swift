// SPDX-License-Identifier: Apache-2.0
// `faasctl stop ID...` and `faasctl kill ID...`: end what runs now.

import ArgumentParser
import FunctionModel
import GatewayAPI
import Glibc

struct StopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Stop calls and containers: the image's stop signal, after the grace SIGKILL.",
        discussion: """
            An id is a call's or a container's as 'faasctl ps' shows it, or its beginning; a function's name means its \
            one call. The grace is the function's, and 10 s for other containers. Waits for the end and writes each \
            name. A call is recorded as cancelled. With --namespace every name is a function's.
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var namespace: NamespaceOption

    @Option(
        name: [.customShort("t"), .customLong("timeout"), .customLong("time")],
        help: ArgumentHelp("Seconds before SIGKILL, in place of the grace.", valueName: "seconds")
    )
    var timeout: Int?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "A number or a name, such as INT or SIGINT, in place of the stop signal.",
            valueName: "signal"
        ),
        transform: SignalArgument.number
    )
    var signal: Int32?

    @Argument(help: "What to stop.", transform: NameArgument.anything)
    var ids: [String]

    /// The gateway's own bound.
    private static let timeoutMax = 3600

    func validate() throws {
        if let timeout, !(0...Self.timeoutMax).contains(timeout) {
            throw ValidationError("--timeout: '\(timeout)' is not valid, expected 0 to \(Self.timeoutMax)")
        }
    }

    func run() async throws {
        let client = try global.client()
        try await forEachName(ids) { id throws(CommandFailure) in
            var query: [(name: String, value: String)] = []
            if let timeout { query.append(("grace", "\(timeout)")) }
            if let signal { query.append(("signal", "\(signal)")) }
            let isFunction = namespace.name != nil
            if !isFunction,
                try await client.act(APIPattern.containerStop, on: id, query: query, "cannot stop '\(id)'")
                    != nil
            {
                return try Terminal.output.line(id)
            }
            let called = isFunction ? try namespace.qualified(id) : id
            var request = GatewayRequest("POST", APIPattern.runningStop.path(called))
            // The gateway waits for the end of the grace, which may be a function's own.
            request.silenceSecondsMax = GatewayRequest.patienceSecondsMax
            if let timeout { request.query.append(("grace", "\(timeout)s")) }
            if let signal { request.query.append(("signal", "\(signal)")) }
            try await client.end(id, request, global, "cannot stop '\(id)'")
        }
    }
}

struct KillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kill",
        abstract: "Send calls and containers a signal, SIGKILL without -s.",
        discussion:
            "The signal goes to PID 1 of the container; SIGKILL ends all of its processes. Ids and --namespace as for 'faasctl stop'."
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var namespace: NamespaceOption

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("A number or a name, such as HUP or SIGTERM.", valueName: "signal"),
        transform: SignalArgument.number
    )
    var signal: Int32 = SIGKILL

    @Argument(help: "What to send it to.", transform: NameArgument.anything)
    var ids: [String]

    func run() async throws {
        let client = try global.client()
        try await forEachName(ids) { id throws(CommandFailure) in
            let query = [(name: "signal", value: "\(signal)")]
            let isFunction = namespace.name != nil
            if !isFunction,
                try await client.act(APIPattern.containerKill, on: id, query: query, "cannot kill '\(id)'")
                    != nil
            {
                return try Terminal.output.line(id)
            }
            let called = isFunction ? try namespace.qualified(id) : id
            var request = GatewayRequest("POST", APIPattern.runningKill.path(called))
            request.query = [("signal", "\(signal)")]
            try await client.end(id, request, global, "cannot signal '\(id)'", endsIt: signal == SIGKILL)
        }
    }
}

/// A signal on the command line.
enum SignalArgument {
    static func number(_ text: String) throws -> Int32 {
        guard let number = SignalNumber.of(text) else {
            throw ValidationError("expected 1 to \(SignalNumber.max), or a name such as TERM")
        }
        return number
    }
}

extension GatewayClient {
    /// Ends one, and writes its name as it was typed, as Docker does; for programs the gateway's answer.
    fileprivate func end(
        _ name: String,
        _ request: GatewayRequest,
        _ global: GlobalOptions,
        _ what: String,
        endsIt: Bool = true
    ) async throws(CommandFailure) {
        let body = try await require(request, what)
        guard try Self.decode(EndedBody.self, from: body, what).hasEnded || !endsIt else {
            throw CommandFailure(what, why: "it has not ended yet", next: "see 'faasctl ps'")
        }
        try global.emit(json: body) { name + "\n" }
    }
}
