// SPDX-License-Identifier: Apache-2.0
// `faasctl rollback NAME [REVISION]`: switches to an earlier revision.

import ArgumentParser
import Foundation
import GatewayAPI

struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Switch a function back to an earlier revision.",
        discussion: "Without a revision it is the one before the current one."
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var namespace: NamespaceOption

    @Argument(help: "The function.", completion: .functions, transform: NameArgument.function)
    var name: String

    @Argument(help: "The revision's number.")
    var revision: Int?

    func validate() throws {
        guard revision ?? 1 > 0 else { throw ValidationError("revisions are counted from 1") }
    }

    func run() async throws {
        let name = try namespace.qualified(name)
        var request = GatewayRequest("POST", APIPattern.rollback.path(name))
        try request.setJSON(RollbackBody(revision: revision))
        let body = try await global.client().require(request, "cannot roll back '\(name)'")
        try global.emit(json: body) { "rolled back \(name)\n" }
    }
}
