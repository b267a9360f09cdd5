// SPDX-License-Identifier: Apache-2.0
// `faasctl image`: lists the images of the gateway's store, and loads archives.

import ArgumentParser
import Foundation
import FunctionModel
import GatewayAPI

struct ImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image",
        abstract: "Pull, push, load, import, save, list, name and remove images.",
        subcommands: [
            ImageListCommand.self, ImageInspectCommand.self, ImagePullCommand.self, ImagePushCommand.self,
            ImageHistoryCommand.self, ImageLoadCommand.self, ImageImportCommand.self, ImageSaveCommand.self,
            ImageTagCommand.self,
            ImageIndexCommand.self, ImageRemoveCommand.self, ImagePruneCommand.self, ImageVerifyCommand.self,
        ]
    )
}

struct ImageListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the images.",
        aliases: ["ls"]
    )

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        let what = "cannot list the images"
        let body = try await global.client().require(GatewayRequest("GET", APIPath.images), what)
        try global.emit(json: body) { () throws(CommandFailure) in
            let images = try GatewayClient.decode([ImageBody.Listed].self, from: body, what)
            if global.quiet { return images.map { "\($0.digest)\n" }.joined() }
            var table = Table("IMAGE", "DIGEST", "PLATFORM", "CREATED", "SIZE", "SHARED", "OWN")
            for image in images {
                table.add(
                    image.name,
                    String(image.digest.hex.prefix(Self.digestCharacters)),
                    image.platform,
                    Moment.text(image.createdAt),
                    Moment.text(bytes: image.sizeBytes),
                    Moment.text(bytes: image.sharedBytes),
                    Moment.text(bytes: image.ownBytes)
                )
            }
            return table.text(colour: Terminal.output.hasColour)
        }
    }

    /// The short form of ids that container tools print.
    private static let digestCharacters = 12
}

struct ImageInspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show one image's configuration and layers."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "Reference or digest.", transform: NameArgument.anything)
    var reference: String

    func run() async throws {
        let request = GatewayRequest("GET", APIPattern.image.path(reference))
        let body = try await global.client().require(request, "cannot inspect '\(reference)'")
        // A complete configuration has no table form: the default is YAML.
        try global.emit(json: body) { () throws(CommandFailure) in try YAMLOutput.text(ofJSON: body) }
    }
}

struct ImageLoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Load images from an archive (docker save or OCI) or an OCI layout folder."
    )

    @OptionGroup var global: GlobalOptions

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The archive or folder.", valueName: "file"),
        transform: NameArgument.anything
    )
    var input: String

    func run() async throws {
        let what = "cannot load '\(input)'"
        let body = try await ImageSource.find(input).loadJSON(global.client(), what: what)
        try global.emit(json: body) { () throws(CommandFailure) in
            let loaded = try GatewayClient.decode([ImageBody.Loaded].self, from: body, what)
            return loaded.map { "loaded \($0.reference ?? "<none>") \($0.digest)\n" }.joined()
        }
    }
}

struct ImageTagCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tag",
        abstract: "Add a name to an image."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "Reference or digest.", transform: NameArgument.anything)
    var source: String

    @Argument(help: "The new name.", transform: NameArgument.anything)
    var target: String

    func run() async throws {
        var request = GatewayRequest("PUT", APIPattern.image.path(target))
        request.query = [("source", source)]
        _ = try await global.client().require(request, "cannot tag '\(source)'")
        global.remark("tagged \(source) as \(target)")
    }
}

struct ImageRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove images; images in use by a revision are refused.",
        aliases: ["rm"]
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "References or digests.", transform: NameArgument.anything)
    var references: [String]

    func run() async throws {
        let client = try global.client()
        try await forEachName(references) { reference throws(CommandFailure) in
            let request = GatewayRequest("DELETE", APIPattern.image.path(reference))
            _ = try await client.require(request, "cannot remove '\(reference)'")
            global.remark("removed \(reference)")
        }
    }
}
