// SPDX-License-Identifier: Apache-2.0
// Docker's other spellings of commands: `images`, `rmi`, `container ls`.

import ArgumentParser

struct ImagesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "images",
        abstract: "List the images; as 'faasctl image list'."
    )

    @OptionGroup var same: ImageListCommand

    @Flag(name: .shortAndLong, help: "Accepted for compatibility with Docker: all images are listed.")
    var all = false

    func run() async throws { try await same.run() }
}

struct RmiCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rmi",
        abstract: "Remove images; as 'faasctl image remove'."
    )

    @OptionGroup var same: ImageRemoveCommand

    func run() async throws { try await same.run() }
}

struct ContainerLsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List containers; as 'faasctl ps'.",
        aliases: ["list"]
    )

    @OptionGroup var same: PsCommand

    func run() async throws { try await same.run() }
}
