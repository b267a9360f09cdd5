// SPDX-License-Identifier: Apache-2.0
// `faasctl completion SHELL`: prints the completion script of a shell.

import ArgumentParser

/// Shells with completion scripts.
enum ShellName: String, ExpressibleByArgument, CaseIterable {
    case bash, zsh, fish
}

struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion",
        abstract: "Print a completion script for a shell.",
        discussion: "For example: source <(faasctl completion bash)"
    )

    @Argument(help: "bash, zsh or fish.")
    var shell: ShellName

    func run() throws {
        let completionShell: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        try Terminal.output.line(Faasctl.completionScript(for: completionShell))
    }
}
