// SPDX-License-Identifier: Apache-2.0
// `faasctl remove NAME...`: removes functions; running calls finish.

import ArgumentParser
import Foundation
import GatewayAPI

struct RemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove functions; running calls finish.",
        aliases: ["rm"]
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The functions.", transform: NameArgument.function)
    var names: [String]

    func run() async throws {
        let client = try global.client()
        try await forEachName(names) { name throws(CommandFailure) in
            var request = GatewayRequest("DELETE", APIPath.functions)
            try request.setJSON(FunctionDeletion(functionName: name))
            _ = try await client.require(request, "cannot remove '\(name)'")
            global.remark("removed \(name)")
        }
    }
}
