// SPDX-License-Identifier: Apache-2.0
// `faasctl ps` and `faasctl top`: what runs now.

import ArgumentParser
import Foundation

struct PsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ps",
        abstract: "List the calls and containers that run now.",
        discussion: """
            CPU is the processor time of the processes that run now, and of those that they have waited for. With \
            --quiet only ids are written, as 'faasctl stop' and 'faasctl kill' take them.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "Only calls of this function.", transform: NameArgument.function)
    var name: String?

    @Flag(name: .customLong("no-trunc"), help: "Write whole ids.")
    var isWhole = false

    func run() async throws {
        let (body, list) = try await global.client().running(of: name)
        try global.emit(json: body) { () throws(CommandFailure) in
            var table = RunningTable(isWhole: isWhole)
            table.look(list)
            if global.quiet { return table.ids.map { $0 + "\n" }.joined() }
            return table.table(isTop: false).text(colour: Terminal.output.hasColour)
        }
    }
}

struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Show what runs now and how much of a processor it takes, the busiest first.",
        discussion: "On a terminal the table is drawn again until interrupted; otherwise it is written once."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "Only calls of this function.", transform: NameArgument.function)
    var name: String?

    @Option(help: ArgumentHelp("Seconds between two looks.", valueName: "seconds"))
    var interval = 1.0

    /// A shorter one would measure itself.
    private static let intervalMin = 0.1
    /// A longer one is a forgotten zero.
    private static let intervalMax = 3600.0

    func validate() throws {
        guard (Self.intervalMin...Self.intervalMax).contains(interval) else {
            throw ValidationError(
                "--interval: '\(interval)' is not valid, expected \(Self.intervalMin) to 3600"
            )
        }
        guard global.output == .table else {
            throw ValidationError("--output has no effect; use 'faasctl ps'")
        }
    }

    func run() async throws {
        let client = try global.client()
        var table = RunningTable()
        table.look(try await client.running(of: name).list)
        let repeats = Terminal.output.isInteractive
        repeat {
            try await Task.sleep(for: .seconds(interval))
            table.look(try await client.running(of: name).list)
            let text = table.table(isTop: true).text(colour: Terminal.output.hasColour)
            // Clears the screen (ECMA-48: CUP, ED).
            try Terminal.output.write(((repeats ? "\u{1B}[H\u{1B}[2J" : "") + text).utf8)
        } while repeats
    }
}
