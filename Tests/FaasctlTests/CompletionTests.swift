// SPDX-License-Identifier: Apache-2.0
// Completion scripts, and examples in the help of commands.

import ArgumentParser
import Testing

@testable import faasctl

@Suite struct CompletionTests {
    @Test(
        "scripts ask for the names that a command needs",
        arguments: [CompletionShell.bash, .zsh, .fish]
    )
    func names(shell: CompletionShell) {
        let script = Faasctl.completionScript(for: shell)
        for command in ["list", "secret list", "namespace list", "context list"] {
            #expect(script.contains("faasctl \(command) --quiet 2>/dev/null"), "\(command)")
        }
    }

    @Test(
        "the help of a command that is used often has examples",
        arguments: [
            ["deploy"], ["invoke"], ["logs"], ["alias", "set"], ["token", "create"], ["secret", "create"],
            ["context", "add"],
        ]
    )
    func examples(words: [String]) throws {
        let help = Faasctl.helpMessage(for: try command(words), columns: 200)
        let name = "faasctl " + words.joined(separator: " ") + " "
        let lines = help.split(separator: "\n").map { $0.trimmingPrefix(while: \.isWhitespace) }
            .filter { $0.contains(name) && !$0.hasPrefix("USAGE") }
        #expect(!lines.isEmpty, "\(help)")
    }

    private func command(_ words: [String]) throws -> any ParsableCommand.Type {
        var command: any ParsableCommand.Type = Faasctl.self
        for word in words {
            let all =
                command.configuration.subcommands
                + command.configuration.groupedSubcommands.flatMap(\.subcommands)
            command = try #require(all.first { $0.configuration.commandName == word })
        }
        return command
    }
}
