// SPDX-License-Identifier: Apache-2.0
// `faasctl remove NAME...`: removes functions; running calls finish.

import ArgumentParser
import Foundation
import GatewayAPI

struct RemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove functions; running calls finish.",
        discussion: "Containers are removed with 'faasctl rm'."
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var namespace: NamespaceOption

    @Argument(help: "The functions.", completion: .functions, transform: NameArgument.function)
    var names: [String]

    func run() async throws {
        let client = try global.client()
        try await forEachName(names) { name throws(CommandFailure) in
            let name = try namespace.qualified(name)
            var request = GatewayRequest("DELETE", APIPath.functions)
            try request.setJSON(FunctionDeletion(functionName: name))
            _ = try await client.require(request, "cannot remove '\(name)'")
            global.remark("removed \(name)")
        }
    }
}
