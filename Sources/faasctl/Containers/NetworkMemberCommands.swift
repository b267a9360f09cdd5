// SPDX-License-Identifier: Apache-2.0
// `faasctl network connect` and `faasctl network disconnect`: a container comes into a network, or leaves one.

import ArgumentParser
import GatewayAPI

struct NetworkConnectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connect",
        abstract: "Put a container into a network, running or not.",
        discussion: """
            The others find it by its name and its aliases at once, and it finds them. A container that was started without \
            any network has to be stopped first.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Another name of the container in the network; repeatable.", valueName: "name")
    )
    var alias: [String] = []

    @Argument(help: "The network, by name or id.", transform: NameArgument.anything)
    var network: String

    @Argument(help: "The container, by name or id.", transform: NameArgument.anything)
    var container: String

    func run() async throws {
        var request = GatewayRequest("POST", APIPattern.networkConnect.path(network))
        try request.setJSON(ConnectRequest(container: container, aliases: alias.isEmpty ? nil : alias))
        let what = "cannot connect '\(container)' to the network '\(network)'"
        _ = try await global.client().require(request, what)
    }
}

struct NetworkDisconnectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disconnect",
        abstract: "Take a container out of a network, running or not.",
        discussion: "Its connections through the network end at once."
    )

    @OptionGroup var global: GlobalOptions

    @Flag(name: .shortAndLong, help: "Also while the container is paused.")
    var force = false

    @Argument(help: "The network, by name or id.", transform: NameArgument.anything)
    var network: String

    @Argument(help: "The container, by name or id.", transform: NameArgument.anything)
    var container: String

    func run() async throws {
        var request = GatewayRequest("POST", APIPattern.networkDisconnect.path(network))
        try request.setJSON(DisconnectRequest(container: container, force: force ? true : nil))
        let what = "cannot disconnect '\(container)' from the network '\(network)'"
        _ = try await global.client().require(request, what)
    }
}
