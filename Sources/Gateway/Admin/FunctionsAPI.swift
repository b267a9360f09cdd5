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
    let bodyBytesMax: Int

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(
            APIPath.functions,
            [.get: list, .post: create, .put: update, .delete: remove]
        )
        router.resource(APIPattern.function.pattern, [.get: describe])
        router.resource(APIPattern.scale.pattern, [.post: scale])
    }

    @Sendable private func list(_ request: Request, _ context: OwnContext) async throws -> Response {
        try Namespace.require(context.query("namespace"))
        let usage = context.flag("usage")
        return try WireJSON.response(
            try await catalog.statuses().filter { context.caller?.mayUse($0.revision.function) ?? false }
                .map { FunctionStatusBody($0, withUsage: usage) }
        )
    }

    @Sendable private func describe(_ request: Request, _ context: OwnContext) async throws -> Response {
        try Namespace.require(context.query("namespace"))
        let name = try FunctionName(context.parameters.require("name"))
        guard let status = try await catalog.status(name) else { throw Problem.unknownFunction(name.text) }
        return try WireJSON.response(FunctionStatusBody(status, withUsage: context.flag("usage")))
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
        let name = try FunctionName(body.service)
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
        context.audit?.about("function \(body.service)")
        try Namespace.require(body.namespace)
        let client = try deployer.client(for: request)
        let revision = try await places.locating {
            try await deployer.deploy(try body.deployment(), for: context.caller, using: client)
        }
        let status = try await catalog.status(revision.function) ?? FunctionStatus(revision: revision)
        return try WireJSON.response(FunctionStatusBody(status, withUsage: false), status: .accepted)
    }

    @Sendable private func remove(_ request: Request, _ context: OwnContext) async throws -> Response {
        let body = try await WireJSON.decode(FunctionDeletion.self, request, bytesMax: bodyBytesMax)
        try Namespace.require(body.namespace ?? context.query("namespace"))
        context.audit?.about("function \(body.functionName)")
        let name = try FunctionName(body.functionName)
        try context.caller?.require(name)
        try await catalog.remove(name)
        return Response(status: .accepted)
    }

    /// Accepted and without effect: sandboxes follow the calls, there is nothing to scale by hand.
    @Sendable private func scale(_ request: Request, _ context: OwnContext) async throws -> Response {
        let name = try FunctionName(context.parameters.require("name"))
        guard catalog.current(name) != nil else { throw Problem.unknownFunction(name.text) }
        return Response(status: .accepted)
    }
}

/// The only namespace.
enum Namespace {
    /// Throws ``Problem`` for any other than the default one.
    static func require(_ name: String?) throws {
        guard let name, !name.isEmpty, name != FunctionName.defaultNamespace else { return }
        throw Problem(
            400,
            .unknownNamespace,
            "there is no namespace '\(name.prefix(64))', only '\(FunctionName.defaultNamespace)'"
        )
    }
}
