// SPDX-License-Identifier: Apache-2.0
// `faasctl rm` and `faasctl container prune`.

import ArgumentParser
import Foundation
import FunctionModel
import GatewayAPI

struct RmCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Remove containers with their writable layers and logs.",
        discussion: "Writes each name. Named volumes stay. Functions are removed with 'faasctl remove'."
    )

    @OptionGroup var global: GlobalOptions

    @Flag(name: .shortAndLong, help: "Kill those that run; unknown names are no error.")
    var force = false

    @Flag(
        name: .shortAndLong,
        help: "Accepted for compatibility with Docker: what an image's VOLUME holds is removed in any case."
    )
    var volumes = false

    @Argument(help: "Ids or names.", transform: NameArgument.anything)
    var names: [String]

    func run() async throws {
        let client = try global.client()
        try await forEachName(names) { name throws(CommandFailure) in
            let what = "cannot remove '\(name)'"
            let query = force ? [(name: "force", value: "true")] : []
            let body = try await client.act(
                APIPattern.container,
                on: name,
                query: query,
                method: "DELETE",
                what
            )
            guard body != nil || force else { throw CommandFailure(what, why: "No such container: \(name)") }
            if body != nil { try Terminal.output.line(name) }
        }
    }
}

struct ContainerPruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Remove all containers that do not run."
    )

    @OptionGroup var global: GlobalOptions

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var force = false

    func run() async throws {
        guard force || Self.isConfirmed("all stopped containers") else { return }
        let client = try global.client()
        var removed: [String] = []
        for container in try await client.containers(all: true) where !container.state.status.isActive {
            let what = "cannot remove '\(container.name)'"
            // One that was started meanwhile stays.
            let body = try await client.act(APIPattern.container, on: container.id, method: "DELETE", what)
            if body != nil { removed.append(container.id) }
        }
        if !removed.isEmpty {
            try Terminal.output.write("Deleted Containers:\n\(removed.joined(separator: "\n"))\n".utf8)
        }
    }

    /// Asks on a terminal; a program that does not say --force is answered with no.
    static func isConfirmed(_ what: String) -> Bool {
        Terminal.error.remark("WARNING! This will remove \(what). Are you sure you want to continue? [y/N]")
        return readLine()?.lowercased().hasPrefix("y") == true
    }
}
