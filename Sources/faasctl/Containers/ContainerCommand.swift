// SPDX-License-Identifier: Apache-2.0
// `faasctl container VERB`: the long forms of the verbs for containers.

import ArgumentParser

struct ContainerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "container",
        abstract: "The long forms of run, ps, logs, inspect, start, stop, kill, rm and the like.",
        subcommands: [
            RunCommand.self, ContainerLsCommand.self, PsCommand.self, LogsCommand.self, InspectCommand.self,
            AttachCommand.self, ExecCommand.self, CopyCommand.self, DiffCommand.self, CommitCommand.self,
            PortCommand.self, StartCommand.self,
            StopCommand.self, RestartCommand.self, KillCommand.self, PauseCommand.self, UnpauseCommand.self,
            WaitCommand.self, RenameCommand.self,
            StatsCommand.self, TopCommand.self, RmCommand.self, ContainerPruneCommand.self,
        ]
    )
}
