// SPDX-License-Identifier: Apache-2.0
// OpenFaaS's function administration: deploy, update, remove, list, describe, scale. OwnPaths adds it.

import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird
import Scheduler

/// /system/functions, /system/function/NAME and /system/scale-function/NAME.
struct FunctionsAPI: Sendable {
    let catalog: any FunctionCatalog
    let deployer: FunctionDeployer
    let namespaces: Namespaces
    let bodyBytesMax: Int
    private let forms = FunctionListForms()

    init(
        catalog: any FunctionCatalog,
        deployer: FunctionDeployer,
        namespaces: Namespaces,
        bodyBytesMax: Int
    ) {
        self.catalog = catalog
        self.deployer = deployer
        self.namespaces = namespaces
        self.bodyBytesMax = bodyBytesMax
    }

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(
            APIPath.functions,
            [.get: list, .post: create, .put: update, .delete: remove]
        )
        router.resource(APIPattern.function.pattern, [.get: describe])
        router.resource(APIPattern.scale.pattern, [.post: scale])
    }

    @Sendable private func list(_ request: Request, _ context: OwnContext) async throws -> Response {
        let namespace = try await namespaces.require(context.query("namespace"))
        let usage = context.flag("usage")
        let all = try await catalog.statuses()
        let shown = all.filter { status in
            let name = status.revision.function
            return name.namespace == namespace && context.caller?.mayUse(name) ?? false
        }
        let list = try forms.list(shown, of: all.lazy.map(\.revision.function), withUsage: usage)
        return Response(
            status: .ok,
            headers: [.contentType: MediaName.json],
            body: ResponseBody(byteBuffer: list)
        )
    }

    @Sendable private func describe(_ request: Request, _ context: OwnContext) async throws -> Response {
        let name = try context.pathFunction()
        guard let status = try await catalog.status(name) else { throw Problem.unknownFunction(name.text) }
        var body = FunctionStatusBody(status, withUsage: context.flag("usage"))
        let aliases = catalog.aliases(of: name) ?? []
        body.mayfly?.aliases = aliases.map { AliasBody($0) }
        body.mayfly?.revisions = try await catalog.keptRevisions(of: name).map {
            RevisionBody($0, aliases: aliases)
        }
        return try WireJSON.response(body)
    }

    @Sendable private func create(_ request: Request, _ context: OwnContext) async throws -> Response {
        let (body, places) = try await WireJSON.decodePlaced(
            FunctionDeployment.self,
            request,
            bytesMax: bodyBytesMax
        )
        return try await deploy(body, places, request, context)
    }

    /// The clients try this first and repeat as POST on 404.
    @Sendable private func update(_ request: Request, _ context: OwnContext) async throws -> Response {
        let (body, places) = try await WireJSON.decodePlaced(
            FunctionDeployment.self,
            request,
            bytesMax: bodyBytesMax
        )
        let name = try body.functionName(in: context.query("namespace"))
        try context.caller?.require(name)
        guard catalog.current(name) != nil else { throw Problem.unknownFunction(name.text) }
        return try await deploy(body, places, request, context)
    }

    private func deploy(
        _ body: FunctionDeployment,
        _ places: JSONPlaces,
        _ request: Request,
        _ context: OwnContext
    ) async throws -> Response {
        let client = try deployer.client(for: request)
        let revision = try await places.locating {
            let deployment = try body.deployment(in: context.query("namespace"))
            context.audit?.about("function \(deployment.name)")
            return try await deployer.deploy(deployment, for: context.caller, using: client)
        }
        let status = try await catalog.status(revision.function) ?? FunctionStatus(revision: revision)
        return try WireJSON.response(FunctionStatusBody(status, withUsage: false), status: .accepted)
    }

    @Sendable private func remove(_ request: Request, _ context: OwnContext) async throws -> Response {
        let body = try await WireJSON.decode(FunctionDeletion.self, request, bytesMax: bodyBytesMax)
        let name = try FunctionName(
            body.functionName,
            namespace: body.namespace ?? context.query("namespace")
        )
        context.audit?.about("function \(name)")
        try context.caller?.require(name)
        try await catalog.remove(name)
        return Response(status: .accepted)
    }

    /// Accepted and without effect: sandboxes follow the calls, there is nothing to scale by hand.
    @Sendable private func scale(_ request: Request, _ context: OwnContext) async throws -> Response {
        let name = try context.pathFunction()
        guard catalog.current(name) != nil else { throw Problem.unknownFunction(name.text) }
        return Response(status: .accepted)
    }
}
