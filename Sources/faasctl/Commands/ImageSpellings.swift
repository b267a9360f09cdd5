// SPDX-License-Identifier: Apache-2.0
// Docker's short forms of the commands for images: `pull`, `push`, `tag`, `save`, `load`, `history`, `manifest`.

import ArgumentParser
import GatewayAPI

struct PullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Pull an image from its registry; as 'faasctl image pull'."
    )

    @OptionGroup var same: ImagePullCommand

    func run() async throws { try await same.run() }
}

struct PushCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Push an image to its registry; as 'faasctl image push'."
    )

    @OptionGroup var same: ImagePushCommand

    func run() async throws { try await same.run() }
}

struct TagCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tag",
        abstract: "Give an image another name; as 'faasctl image tag'."
    )

    @OptionGroup var same: ImageTagCommand

    func run() async throws { try await same.run() }
}

struct SaveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "save",
        abstract: "Write images to an archive; as 'faasctl image save'."
    )

    @OptionGroup var same: ImageSaveCommand

    func run() async throws { try await same.run() }
}

struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Load images of an archive; as 'faasctl image load'."
    )

    @OptionGroup var same: ImageLoadCommand

    func run() async throws { try await same.run() }
}

struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show the steps that made an image; as 'faasctl image history'."
    )

    @OptionGroup var same: ImageHistoryCommand

    func run() async throws { try await same.run() }
}

struct ManifestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manifest",
        abstract:
            "Several images under one name, one per platform; as 'faasctl image index' and 'image push'.",
        subcommands: [ManifestCreateCommand.self, ManifestPushCommand.self]
    )
}

struct ManifestCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Create an index of images that the gateway has; as 'faasctl image index create'."
    )

    @OptionGroup var same: ImageIndexCreateCommand

    @Flag(
        name: .shortAndLong,
        help: "Accepted for compatibility with Docker: an index of this name is replaced in any case."
    )
    var amend = false

    func run() async throws { try await same.run() }
}

struct ManifestPushCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Push an index with its images; as 'faasctl image push'."
    )

    @OptionGroup var same: ImagePushCommand

    @Flag(name: .shortAndLong, help: "Remove the index here when it has been pushed.")
    var purge = false

    func run() async throws {
        try await same.run()
        guard purge else { return }
        let request = GatewayRequest("DELETE", APIPattern.image.path(same.reference))
        _ = try await same.global.client().require(request, "cannot remove '\(same.reference)'")
    }
}
