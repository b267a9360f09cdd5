// SPDX-License-Identifier: Apache-2.0
// `faasctl list`: lists the deployed functions.

import ArgumentParser
import GatewayAPI

struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the deployed functions.",
        aliases: ["ls"]
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var namespace: NamespaceOption

    func run() async throws {
        let what = "cannot list the functions"
        var request = GatewayRequest("GET", APIPath.functions)
        if let name = namespace.name { request.query = [("namespace", name)] }
        let body = try await global.client().require(request, what)
        try global.emit(json: body) { () throws(CommandFailure) in
            let functions = try GatewayClient.decode([FunctionStatusBody].self, from: body, what)
            if global.quiet { return functions.map { $0.qualifiedName + "\n" }.joined() }
            var table = Table("NAME", "IMAGE", "REVISION", "CALLS", "RUNNING", "READY", "STATE")
            for function in functions {
                let detail = function.mayfly
                table.add(
                    function.name,
                    function.shownImage,
                    detail.map { "\($0.revision)" } ?? "",
                    "\(Int(function.invocationCount ?? 0))",
                    detail.map { "\($0.running)" } ?? "",
                    detail.map { "\($0.ready)" } ?? "",
                    detail?.failure ?? "ok"
                )
            }
            return table.text(colour: Terminal.output.hasColour)
        }
    }
}
