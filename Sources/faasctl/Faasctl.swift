// SPDX-License-Identifier: Apache-2.0
// The program's entry point: parses the command line, runs the command, prints its failure as one line.

import ArgumentParser
import Foundation
import Server
import ManifestReader

/// `faasctl`: the gateway and its command line.
@main
struct Faasctl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "faasctl",
        abstract: "Functions as a service: every call in a fresh container.",
        version: VersionCommand.line,
        groupedSubcommands: [
            CommandGroup(name: "Gateway", subcommands: [ServeCommand.self, DoctorCommand.self]),
            CommandGroup(
                name: "Functions",
                subcommands: [
                    NewCommand.self, DeployCommand.self, UpCommand.self, InvokeCommand.self, ListCommand.self,
                    DescribeCommand.self, RemoveCommand.self, RollbackCommand.self, AliasCommand.self,
                ]
            ),
            CommandGroup(
                name: "History",
                subcommands: [
                    LogsCommand.self, InvocationsCommand.self, SchedulesCommand.self, QueueCommand.self,
                ]
            ),
            CommandGroup(
                name: "Containers",
                subcommands: [
                    RunCommand.self, AttachCommand.self, ExecCommand.self, PsCommand.self, TopCommand.self,
                    StatsCommand.self,
                    InspectCommand.self, CopyCommand.self, DiffCommand.self, CommitCommand.self,
                    PortCommand.self,
                    StartCommand.self, StopCommand.self, RestartCommand.self, KillCommand.self,
                    WaitCommand.self,
                    RenameCommand.self, PauseCommand.self, UnpauseCommand.self, EventsCommand.self,
                    RmCommand.self,
                    ContainerCommand.self, VolumeCommand.self, NetworkCommand.self,
                ]
            ),
            CommandGroup(name: "Projects", subcommands: [ComposeCommand.self]),
            CommandGroup(
                name: "Images, secrets, namespaces and tokens",
                subcommands: [
                    BuildCommand.self, ImageCommand.self, ImagesCommand.self, RmiCommand.self,
                    PullCommand.self, PushCommand.self, TagCommand.self, SaveCommand.self, LoadCommand.self,
                    HistoryCommand.self, ManifestCommand.self,
                    LoginCommand.self, LogoutCommand.self,
                    SecretCommand.self, NamespaceCommand.self, TokenCommand.self,
                ]
            ),
            CommandGroup(
                name: "Other",
                subcommands: [
                    SystemCommand.self, ContextCommand.self, VersionCommand.self, CompletionCommand.self,
                ]
            ),
        ]
    )

    static func main() async {
        // A gateway that is stopped during its start shuts down in order as well.
        if CommandLine.arguments.dropFirst().first(where: { !$0.hasPrefix("-") }) == "serve" {
            TerminationSignals.hold()
        }
        if WorkerProcess.isThisProcess { ProcessEnd.exit(WorkerProcess.run()) }
        do {
            let words = Array(CommandLine.arguments.dropFirst())
            let placed = try ComposePlacement.rearranged(words)
            var command = try parseAsRoot(GlobalPlacement.rearranged(placed, for: Self.self))
            if let serve = command as? ServeCommand {
                try await serve.serve()
            } else if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            ProcessEnd.exit(0)
        } catch let quiet as QuietExit {
            ProcessEnd.exit(quiet.exitCode)
        } catch let failure as CommandFailure {
            Terminal.error.remark("faasctl: \(failure)")
            ProcessEnd.exit(failure.exitCode)
        } catch let mistake as ManifestError {
            Terminal.error.remark("faasctl: \(mistake)")
            ProcessEnd.exit(1)
        } catch {
            // Usage errors (64), --help and --version: the parser has their texts and codes.
            let code = exitCode(for: error).rawValue
            let text = fullMessage(for: error)
            if !text.isEmpty { (code == 0 ? Terminal.output : Terminal.error).remark(text) }
            ProcessEnd.exit(code)
        }
    }
}
