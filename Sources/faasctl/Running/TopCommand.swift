// SPDX-License-Identifier: Apache-2.0
// `faasctl top`: what runs now, or the processes of one container or call.

import ArgumentParser
import Foundation
import FunctionModel
import GatewayAPI

struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Show what runs now and how much of a processor it takes, or the processes of a container.",
        discussion: """
            Without a name, or with a function's: all that runs, the busiest first. On a terminal the table is drawn again \
            until interrupted; otherwise it is written once. With a container's name or id, or a call's id as 'faasctl ps' \
            shows it: its processes, in the columns of 'docker top', with the container's own users and numbers. Behind the \
            name stand options of ps: -e, -f, -ef, and -o with a list of columns.

            Examples:

                faasctl top web
                faasctl top web -o pid,user,args
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var namespace: NamespaceOption

    @Option(help: ArgumentHelp("Seconds between two looks.", valueName: "seconds"))
    var interval = 1.0

    @Argument(
        parsing: .captureForPassthrough,
        help: ArgumentHelp("A container, a call or a function, and options of ps.", valueName: "name")
    )
    var words: [String] = []

    /// A shorter one would measure itself.
    private static let intervalMin = 0.1
    /// A longer one is a forgotten zero.
    private static let intervalMax = 3600.0

    mutating func validate() throws {
        let (own, rest) = Self.sorted(words)
        try take(own, name: rest.prefix(1))
        words = rest
        if let first = words.first, ["--help", "-h"].contains(first) { throw CleanExit.helpRequest(self) }
        if let first = words.first, first.isEmpty || first.hasPrefix("-") {
            throw ValidationError("unknown option '\(first)'")
        }
        guard (Self.intervalMin...Self.intervalMax).contains(interval) else {
            throw ValidationError(
                "--interval: '\(interval)' is not valid, expected \(Self.intervalMin) to 3600"
            )
        }
        guard global.output == .table || words.first != nil else {
            throw ValidationError("--output has no effect; use 'faasctl ps'")
        }
        _ = try columns
    }

    /// Options of this command that stand behind the name, and what else does.
    ///
    /// Those of ps have one dash, and those of this command two; `-n` and `-q` are this command's, too.
    private static func sorted(_ words: [String]) -> (own: [String], rest: [String]) {
        var (own, rest): ([String], [String]) = ([], [])
        var left = words[...]
        while let word = left.popFirst() {
            guard word.hasPrefix("--") || ["-n", "-q"].contains(word), !rest.isEmpty, word != "--" else {
                rest.append(word)
                continue
            }
            own.append(word)
            let hasValue = !["--quiet", "-q", "--help"].contains(word) && !word.contains("=")
            if hasValue, let value = left.popFirst() { own.append(value) }
        }
        return (own, rest)
    }

    /// Takes options that stand behind the name.
    private mutating func take(_ own: [String], name: ArraySlice<String>) throws {
        guard !own.isEmpty else { return }
        let parsed = try Self.parse(own + name)
        func has(_ options: String...) -> Bool {
            own.contains { word in options.contains { word == $0 || word.hasPrefix($0 + "=") } }
        }
        if has("--interval") { interval = parsed.interval }
        if has("--namespace", "-n") { namespace = parsed.namespace }
        if has("--gateway") { global.gateway = parsed.global.gateway }
        if has("--tls-ca", "--client-cert", "--client-key") { global.tls = parsed.global.tls }
        if has("--output") { global.output = parsed.global.output }
        if has("--quiet", "-q") { global.quiet = true }
    }

    /// What is shown of each process.
    private var columns: [ProcessColumn] {
        get throws {
            do throws(ProcessColumn.Refusal) { return try ProcessColumn.of(Array(words.dropFirst())) } catch {
                throw ValidationError(error.text)
            }
        }
    }

    func run() async throws {
        let client = try global.client()
        if let name = words.first, namespace.name == nil, try await showProcesses(of: name, client) { return }
        guard words.count < 2, global.output == .table else {
            throw CommandFailure(
                "cannot show the processes of '\(words.first ?? "")'",
                why: "it is a function: options of ps and --output are for a container or a call"
            )
        }
        try await showRunning(client)
    }

    private func showRunning(_ client: GatewayClient) async throws {
        let calls = try namespace.query(function: words.first)
        var table = RunningTable()
        table.look(try await client.running(calls).list)
        let repeats = Terminal.output.isInteractive
        repeat {
            try await Task.sleep(for: .seconds(interval))
            table.look(try await client.running(calls).list)
            let text = table.table(isTop: true).text(colour: Terminal.output.hasColour)
            // Clears the screen (ECMA-48: CUP, ED).
            try Terminal.output.write(((repeats ? "\u{1B}[H\u{1B}[2J" : "") + text).utf8)
        } while repeats
    }

    /// - Returns: false for the name of a function.
    private func showProcesses(of name: String, _ client: GatewayClient) async throws -> Bool {
        let what = "cannot show the processes of '\(name)'"
        guard try await !client.isFunction(name) else { return false }
        let answer = try await client.exchange(
            GatewayRequest("GET", APIPattern.containerProcesses.path(name))
        )
        guard answer.head.isSuccess else { throw client.failure(answer, what) }
        let columns = try columns
        try global.emit(json: answer.body) { () throws(CommandFailure) in
            let processes = try GatewayClient.decode([ProcessBody].self, from: answer.body, what)
            return ProcessColumn.table(processes, columns)
        }
        return true
    }
}

extension GatewayClient {
    /// Whether a function has the name.
    fileprivate func isFunction(_ name: String) async throws(CommandFailure) -> Bool {
        // Ids of calls may be no names.
        do throws(ModelError) { _ = try FunctionName(name) } catch { return false }
        return try await exchange(GatewayRequest("GET", APIPattern.function.path(name))).head.isSuccess
    }
}
