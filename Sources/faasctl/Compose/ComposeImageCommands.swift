// SPDX-License-Identifier: Apache-2.0
// `faasctl compose build|pull`: the images of a project.

import ArgumentParser
import Compose

struct ComposeBuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Build the images of services that have a build folder."
    )

    @OptionGroup var targets: ComposeTargets
    @OptionGroup var short: ShortComposeOptions

    @Flag(help: "Execute every step, without the build cache.")
    var noCache = false

    @Option(help: ArgumentHelp("Value for an ARG; repeatable.", valueName: "k=v"))
    var buildArg: [String] = []

    func run() async throws {
        var arguments: [String: String] = [:]
        for text in buildArg {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                String.init
            )
            guard parts.count == 2, !parts[0].isEmpty else {
                throw ValidationError("--build-arg: '\(text)' is not valid, expected KEY=VALUE")
            }
            arguments[parts[0]] = parts[1]
        }
        let session = try ComposeSession.open(
            targets.global,
            targets.project,
            short: short,
            chosen: targets.services
        )
        let selected = session.project.selection(targets.services, withDependencies: false)
        for service in try session.project.startOrder() where selected.contains(service.name) {
            try await ComposeImages(session: session).build(
                service.name,
                noCache: noCache,
                arguments: arguments
            )
        }
    }
}

struct ComposePullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Pull the images of services that have no build folder."
    )

    @OptionGroup var targets: ComposeTargets
    @OptionGroup var short: ShortComposeOptions

    func run() async throws {
        let session = try ComposeSession.open(
            targets.global,
            targets.project,
            short: short,
            chosen: targets.services
        )
        let selected = session.project.selection(targets.services, withDependencies: false)
        var done: Set<String> = []
        for service in try session.project.startOrder()
        where selected.contains(service.name) && service.build == nil {
            guard let image = service.image, done.insert(image).inserted else { continue }
            try await ComposeImages(session: session).pull(service.name)
        }
    }
}
