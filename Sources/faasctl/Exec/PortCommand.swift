// SPDX-License-Identifier: Apache-2.0
// `faasctl port ID [PORT]`: which ports of a container are published, and where.

import ArgumentParser
import Foundation
import FunctionModel
import GatewayAPI

struct PortCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "port",
        abstract: "List the published ports of a container that runs.",
        discussion: """
            Writes lines such as '80/tcp -> 0.0.0.0:8080'; with a port of the container only where that one is \
            published, and fails when it is not.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The container, by its name, its id, or the beginning of that.")
    var id: String

    @Argument(help: ArgumentHelp("Port of the container.", valueName: "port[/udp]"))
    var port: String?

    private static let what = "cannot list ports"

    func run() async throws {
        guard let one = try await global.client().container(id, Self.what) else {
            throw CommandFailure(Self.what, why: "No such container: \(id)")
        }
        let ports = one.ports
        guard let port else {
            return try write(ports, ports.map { "\($0.inside) -> \($0.outside)" })
        }
        let inside = port.contains("/") ? port : port + "/tcp"
        let wanted = ports.filter { $0.inside == inside }
        guard !wanted.isEmpty else {
            throw CommandFailure(Self.what, why: "No public port '\(inside)' published for \(one.name)")
        }
        try write(wanted, wanted.map(\.outside))
    }

    private func write(_ ports: [PublishedPort], _ lines: [String]) throws {
        try global.emit(json: Data(try APIJSON.encode(ports))) { lines.map { $0 + "\n" }.joined() }
    }
}
