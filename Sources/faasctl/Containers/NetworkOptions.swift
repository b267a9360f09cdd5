// SPDX-License-Identifier: Apache-2.0
// `--network` and `--network-alias` of `faasctl run`.

import ArgumentParser
import FunctionModel

struct NetworkOptions: ParsableArguments {
    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "none (the default), egress (the internet), or a network of containers; repeatable.",
            valueName: "network"
        )
    )
    var network: [String] = []

    @Option(
        name: .customLong("network-alias"),
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Another name of it in its networks; repeatable.", valueName: "name")
    )
    var aliases: [String] = []

    func validate() throws {
        for name in network where NetworkMode(rawValue: name) == nil {
            do throws(ModelError) { _ = try NetworkName.checked(name) } catch {
                throw ValidationError(error.description)
            }
        }
    }

    /// What a piece of code may reach.
    ///
    /// - Throws: ``ValidationError`` for a network of containers.
    func mode() throws -> NetworkMode {
        guard aliases.isEmpty else {
            throw ValidationError("--network-alias has no effect with --code; leave it out")
        }
        guard let last = network.last else { return .none }
        guard network.count == 1, let mode = NetworkMode(rawValue: last) else {
            throw ValidationError("--network of --code is none or egress")
        }
        return mode
    }

    /// Puts what was asked for into a request.
    ///
    /// - Throws: ``ValidationError``.
    func fill(_ request: inout ContainerRequest) throws {
        let names = network.filter { NetworkMode(rawValue: $0) == nil }
        if network.contains("none"), network.count > 1 {
            throw ValidationError("--network none excludes every other network")
        }
        request.network = network.contains("egress") ? .egress : .none
        request.networks = names.map { NetworkAttachment(name: $0, aliases: aliases) }
        guard aliases.isEmpty || !names.isEmpty else {
            throw ValidationError("--network-alias needs --network with a network of containers")
        }
    }
}
