// SPDX-License-Identifier: Apache-2.0
// `faasctl image pull` and `faasctl image push`.

import ArgumentParser
import Foundation
import GatewayAPI

struct ImagePullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Pull an image from its registry.",
        discussion: """
            Short names mean docker.io/library. Credentials come from Docker's credential file and helpers (see \
            'faasctl login') and travel with the request.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "Reference by tag or digest.", transform: NameArgument.anything)
    var reference: String

    @Option(help: ArgumentHelp("For example linux/arm64; default: the gateway's.", valueName: "os/arch"))
    var platform: String?

    func run() async throws {
        let transfer = Transfer(client: try global.client(), global: global)
        let ended = try await transfer.pull(reference, platform: platform, "cannot pull '\(reference)'")
        let json = try APIJSON.encode(ended)
        try global.emit(json: json) {
            global.quiet ? "\(ended.digest)\n" : "pulled \(reference) \(ended.digest)\n"
        }
    }
}

struct ImagePushCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Push an image, or an index with its images, to a registry."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "Reference of an image that the gateway has.", transform: NameArgument.anything)
    var reference: String

    @Option(
        name: .customLong("as"),
        help: ArgumentHelp("The image's name at the registry.", valueName: "ref")
    )
    var target: String?

    func run() async throws {
        let transfer = Transfer(client: try global.client(), global: global)
        let ended = try await transfer.push(reference, target: target, "cannot push '\(reference)'")
        let json = try APIJSON.encode(ended)
        try global.emit(json: json) {
            global.quiet ? "\(ended.digest)\n" : "pushed \(ended.reference) \(ended.digest)\n"
        }
    }
}
