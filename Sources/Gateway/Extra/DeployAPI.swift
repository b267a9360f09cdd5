// SPDX-License-Identifier: Apache-2.0
// One request that creates or updates a function, and reports the pull of a missing image. OwnPaths adds it.

import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird
import Registry
import Scheduler

/// POST /v1/deployments.
struct DeployAPI: Sendable {
    let catalog: any FunctionCatalog
    let deployer: FunctionDeployer
    let work: StoppableWork
    let bodyBytesMax: Int

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(APIPath.deployments, [.post: deploy])
    }

    /// The body is OpenFaaS's deployment; the answer has lines of the pull, if there is one, and the function's
    /// status as its end.
    @Sendable private func deploy(_ request: Request, _ context: OwnContext) async throws -> Response {
        let (body, places) = try await WireJSON.decodePlaced(
            FunctionDeployment.self,
            request,
            bytesMax: bodyBytesMax
        )
        let namespace = body.namespace.map { $0.isEmpty ? "" : " of namespace \($0)" } ?? ""
        context.audit?.about("function \(body.service)\(namespace)")
        let client = try deployer.client(for: request)
        return try await ProgressLines<TransferEvent>.response { events in
            try await work.run("the deploy of '\(body.service.prefix(64))'") {
                try await status(body, places, context, client, events)
            }
        } isProgress: {
            $0.isProgress
        } line: {
            try APIJSON.encode(TransferLine($0))
        }
    }

    private func status(
        _ body: FunctionDeployment,
        _ places: JSONPlaces,
        _ context: OwnContext,
        _ client: RegistryClient?,
        _ events: @escaping TransferEvents
    ) async throws -> FunctionStatusBody {
        let revision = try await places.locating {
            let deployment = try body.deployment(in: context.query("namespace"))
            return try await deployer.deploy(
                deployment,
                for: context.caller,
                using: client,
                events: events
            )
        }
        let status = try await catalog.status(revision.function) ?? FunctionStatus(revision: revision)
        return FunctionStatusBody(status, withUsage: false)
    }
}
