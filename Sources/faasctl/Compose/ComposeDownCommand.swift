// SPDX-License-Identifier: Apache-2.0
// `faasctl compose down`: stops and removes what `up` made.

import ArgumentParser
import Compose

struct ComposeDownCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down",
        abstract: "Stop and remove the containers, functions and networks of a project."
    )

    /// Which images are removed.
    enum Images: String, ExpressibleByArgument, CaseIterable { case local }

    @OptionGroup var global: GlobalOptions
    @OptionGroup var project: ComposeOptions
    @OptionGroup var short: ShortComposeOptions

    @Flag(name: .shortAndLong, help: "Remove the project's volumes as well.")
    var volumes = false

    @Option(help: ArgumentHelp("local: remove images that have no name in the file.", valueName: "which"))
    var rmi: Images?

    @Flag(help: "Remove containers of services that the files do not have any more.")
    var removeOrphans = false

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Seconds between stop signal and SIGKILL.", valueName: "seconds")
    )
    var timeout: Int?

    @Argument(help: ArgumentHelp("Services; all of them by default.", valueName: "service"))
    var services: [String] = []

    func run() async throws {
        let session = try ComposeSession.open(global, project, short: short, chosen: services)
        var options = DownOptions()
        options.services = services
        options.removesVolumes = volumes
        options.removesLocalImages = rmi != nil
        options.removesOrphans = removeOrphans
        let steps: [ComposeStep]
        let state = try await session.state()
        do throws(ComposePlanError) { steps = try session.plan.down(options, state: state) } catch {
            throw ComposeSession.failure(error)
        }
        try await ComposeSteps(session: session).perform(steps, stopSeconds: timeout)
    }
}
