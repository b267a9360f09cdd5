// SPDX-License-Identifier: Apache-2.0
// The options of `faasctl run` about published ports. RunCommand has them.

import ArgumentParser
import FunctionModel
import GatewayAPI

struct PortOptions: ParsableArguments {
    @Option(
        name: [.customShort("p"), .customLong("publish")],
        help: ArgumentHelp(
            "Port of the gateway's host for one of the container, [[IP:][HOST]:]CONTAINER[/tcp|/udp]; repeatable.",
            valueName: "ports"
        ),
        transform: PortOptions.mapping
    )
    var published: [PortMapping] = []

    @Flag(
        name: [.customShort("P"), .customLong("publish-all")],
        help: "A free port of the host for each port that the image exposes."
    )
    var publishesAll = false

    /// Whether any was given.
    var isGiven: Bool { publishesAll || !published.isEmpty }

    private static func mapping(_ text: String) throws -> PortMapping {
        do throws(ModelError) { return try PortMapping(text) } catch {
            throw ValidationError("expected \(error.expected)")
        }
    }
}
