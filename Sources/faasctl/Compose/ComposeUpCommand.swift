// SPDX-License-Identifier: Apache-2.0
// `faasctl compose up`: makes and starts what the files say; attached, it shows the logs until Ctrl-C.

import ArgumentParser
import Compose
import Foundation
import GatewayAPI

struct ComposeUpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Create and start the containers and functions of a project.",
        discussion: """
            Containers are made anew when their service or image has changed. Attached, the first Ctrl-C stops the \
            containers and the second one kills them.
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var project: ComposeOptions
    @OptionGroup var short: ShortComposeOptions
    @OptionGroup var images: ComposeImageOptions

    @Flag(name: .shortAndLong, help: "Return when the containers have started.")
    var detach = false

    @Flag(help: "Return when the services run and are healthy; implies -d.")
    var wait = false

    @Flag(help: "Make containers anew that have not changed.")
    var forceRecreate = false

    @Flag(help: "Keep containers that have changed.")
    var noRecreate = false

    @Flag(help: "Leave out the services that the named ones depend on.")
    var noDeps = false

    @Flag(help: "Create only.")
    var noStart = false

    @Flag(help: "Remove containers of services that the files do not have any more.")
    var removeOrphans = false

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Seconds between stop signal and SIGKILL.", valueName: "seconds")
    )
    var timeout: Int?

    @Flag(name: .customLong("timestamps"), help: "Attached: the time in front of each line.")
    var timestamps = false

    @Flag(help: "Attached: no names in front of lines.")
    var noLogPrefix = false

    @Argument(help: ArgumentHelp("Services; all of them by default.", valueName: "service"))
    var services: [String] = []

    func validate() throws {
        if forceRecreate, noRecreate {
            throw ValidationError("--force-recreate and --no-recreate exclude each other")
        }
        if noStart, wait || detach {
            throw ValidationError("--no-start has no effect together with -d and --wait")
        }
    }

    func run() async throws {
        let session = try ComposeSession.open(global, project, short: short, chosen: services)
        var options = UpOptions()
        options.services = services
        options.withDependencies = !noDeps
        options.recreation = forceRecreate ? .always : noRecreate ? .never : .changed
        options.builds = images.build
        options.pullPolicy = images.pull
        options.removesOrphans = removeOrphans
        options.starts = !noStart
        options.waits = wait
        try await ComposeImages(session: session).prepare(options)
        let targets = try await ComposeImages(session: session).targets()
        let state = try await session.state()
        remarkOrphans(session, state)
        let steps: [ComposeStep]
        do throws(ComposePlanError) {
            steps = try session.plan.up(options, targets: targets, state: state)
        } catch {
            throw ComposeSession.failure(error)
        }
        let signals = ComposeSignals()
        defer { signals.end() }
        try await ComposeSteps(session: session).perform(steps, stopSeconds: timeout)
        guard !detach, !wait, !noStart else { return }
        try await attach(session, signals)
    }

    private func remarkOrphans(_ session: ComposeSession, _ state: ComposeState) {
        let orphans = session.plan.orphans(in: state)
        guard !removeOrphans, !orphans.isEmpty else { return }
        let names = orphans.map(\.name).joined(separator: ", ")
        global.remark(
            "faasctl: containers of services that are gone: \(names); --remove-orphans removes them"
        )
    }

    /// Shows the logs until the containers have ended or are stopped.
    private func attach(_ session: ComposeSession, _ signals: ComposeSignals) async throws {
        let selected = session.project.selection(services, withDependencies: !noDeps)
        let state = try await session.state()
        var shown: [(id: String, name: String)] = []
        for service in session.project.services where selected.contains(service.name) && service.isAttached {
            for container in state.containers where container.service == service.name && !container.isOneOff {
                shown.append((container.id, "\(service.name)-\(container.number)"))
            }
        }
        guard !shown.isEmpty else { return }
        var form = ComposeLogs.Form()
        form.follows = true
        form.hasTimes = timestamps
        form.hasPrefix = !noLogPrefix
        form.hasColour = Terminal.output.hasColour
        let logs = ComposeLogs(client: session.client, form: form)
        let ender = ComposeEnd(session: session, services: services, stopSeconds: timeout)
        let containers = shown
        let showing = Task { try await logs.show(containers) }
        let stopping = Task { try await ender.run(signals) }
        do { try await showing.value } catch {
            stopping.cancel()
            throw error
        }
        if signals.count == 0 { stopping.cancel() } else { try await stopping.value }
    }
}

/// `--build`, `--pull`.
struct ComposeImageOptions: ParsableArguments {
    @Flag(help: "Build images that are there already as well.")
    var build = false

    @Option(help: ArgumentHelp("always, missing or never.", valueName: "policy"))
    var pull: PullPolicy?
}

extension PullPolicy: ExpressibleByArgument {}
