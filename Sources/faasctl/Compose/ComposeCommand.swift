// SPDX-License-Identifier: Apache-2.0
// `faasctl compose`: the group of commands for the services of compose.yaml.

import ArgumentParser

struct ComposeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compose",
        abstract: "Services of a compose.yaml, on this gateway.",
        discussion: """
            The project's options -f, -p, --profile, --env-file and --project-directory stand before the subcommand, \
            as with Docker, or behind it by their long names. Without -f the file is compose.yaml, compose.yml, \
            docker-compose.yaml or docker-compose.yml, with its override file, in this folder or one above it.
            """,
        subcommands: [
            ComposeUpCommand.self, ComposeDownCommand.self, ComposePsCommand.self, ComposeLogsCommand.self,
            ComposeRunCommand.self, ComposeExecCommand.self, ComposeStartCommand.self,
            ComposeStopCommand.self,
            ComposeRestartCommand.self,
            ComposeKillCommand.self, ComposeRmCommand.self, ComposeBuildCommand.self, ComposePullCommand.self,
            ComposeConfigCommand.self,
        ]
    )
}
