// SPDX-License-Identifier: Apache-2.0
// Functions of a project: deployed by up, removed by down, and left alone when they are not the project's.

import Compose
import FunctionModel
import GatewayAPI

/// Deploys and removes functions.
struct ComposeFunctions {
    let session: ComposeSession

    private enum Owner { case absent, project, other }

    /// Deploys the function of a service.
    ///
    /// - Throws: ``CommandFailure``, also when a function of the name exists that the project did not make.
    func deploy(_ name: String) async throws(CommandFailure) {
        guard let manifest = session.functions[name] else { return }
        let what = "cannot deploy '\(name)'"
        if try await owner(of: name, what) == .other {
            throw CommandFailure(
                what,
                why: "there is a function of this name that is not of the project '\(session.project.name)'",
                next: "rename the service, or remove the function"
            )
        }
        let body = FunctionDeployment(
            service: name,
            image: manifest.image ?? name,
            mayfly: manifest.configuration
        )
        let transfer = Transfer(client: session.client, global: session.global)
        _ = try await transfer.deploy(body, what)
        session.global.remark("Function \(name) deployed: \(session.client.address)/function/\(name)")
    }

    /// Removes the function of a service, if the project made it.
    func remove(_ name: String) async throws(CommandFailure) {
        let what = "cannot remove the function '\(name)'"
        guard try await owner(of: name, what) == .project else { return }
        var request = GatewayRequest("DELETE", APIPath.functions)
        try request.setJSON(FunctionDeletion(functionName: name))
        _ = try await session.client.require(request, what)
        session.global.remark("Function \(name) removed")
    }

    private func owner(of name: String, _ what: String) async throws(CommandFailure) -> Owner {
        let answer = try await session.client.exchange(GatewayRequest("GET", APIPattern.function.path(name)))
        if answer.head.status == 404 { return .absent }
        guard answer.head.isSuccess else { throw session.client.failure(answer, what) }
        let status = try GatewayClient.decode(FunctionStatusBody.self, from: answer.body, what)
        return status.labels?[ComposeLabel.project] == session.project.name ? .project : .other
    }
}
