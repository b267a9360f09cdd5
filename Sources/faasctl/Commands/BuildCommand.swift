// SPDX-License-Identifier: Apache-2.0
// `faasctl build DIR -t REF`: builds an image from a Dockerfile without deploying it.

import ArgumentParser
import Foundation
import GatewayAPI
import OCI

struct BuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Build an image from a folder with a Dockerfile."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: ArgumentHelp("The folder.", valueName: "dir"), transform: NameArgument.anything)
    var folder: String

    @Option(name: .shortAndLong, help: ArgumentHelp("Name of the image.", valueName: "ref"))
    var tag: String

    @Option(help: ArgumentHelp("Network of RUN steps: egress (the default) or none.", valueName: "mode"))
    var network: String?

    @Option(
        help: ArgumentHelp(
            "Secret of the gateway that RUN --mount=type=secret,id=NAME may read; repeatable.",
            valueName: "name"
        )
    )
    var secret: [String] = []

    @OptionGroup(title: "Building") var building: BuildOptions

    func validate() throws {
        do { _ = try ImageReference(tag) } catch { throw ValidationError("--tag: \(error)") }
    }

    func run() async throws {
        var settings = try building.settings()
        settings.tag = tag
        settings.network = network
        settings.secrets = secret
        let building = ImageBuilding(client: try global.client(), global: global)
        let digest = try await building.build(URL(fileURLWithPath: folder), settings)
        let json = try APIJSON.encode(ImageBody.Named(reference: tag, digest: digest))
        try global.emit(json: json) { global.quiet ? "\(digest)\n" : "\(tag) \(digest)\n" }
    }
}
