// SPDX-License-Identifier: Apache-2.0
// Aliases of a function's revisions. OwnPaths adds it.

import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird
import Scheduler

/// /v1/functions/NAME/aliases and /v1/functions/NAME/aliases/ALIAS.
struct AliasesAPI: Sendable {
    let catalog: any FunctionCatalog
    let bodyBytesMax: Int

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(APIPattern.aliases.pattern, [.get: list])
        router.resource(APIPattern.alias.pattern, [.get: describe, .put: set, .delete: remove])
    }

    @Sendable private func list(_ request: Request, _ context: OwnContext) async throws -> Response {
        try WireJSON.response(try aliases(of: try name(context)).map { AliasBody($0) })
    }

    @Sendable private func describe(_ request: Request, _ context: OwnContext) async throws -> Response {
        let (name, alias) = (try name(context), try alias(context))
        guard let found = try aliases(of: name).first(where: { $0.name == alias }) else {
            throw CatalogError.unknownAlias(name, alias)
        }
        return try WireJSON.response(AliasBody(found))
    }

    @Sendable private func set(_ request: Request, _ context: OwnContext) async throws -> Response {
        let (name, aliasName) = (try name(context), try alias(context))
        context.audit?.about("alias \(aliasName) of function \(name)")
        let body = try await WireJSON.decode(AliasChange.self, request, bytesMax: bodyBytesMax)
        let targets = try FunctionAlias.targets(body.revisions.map { ($0.revision, $0.weight) })
        let alias = try FunctionAlias(name: aliasName, targets: targets)
        try await catalog.setAlias(alias, of: name)
        return try WireJSON.response(AliasBody(alias))
    }

    @Sendable private func remove(_ request: Request, _ context: OwnContext) async throws -> Response {
        let (name, alias) = (try name(context), try alias(context))
        context.audit?.about("alias \(alias) of function \(name)")
        try await catalog.removeAlias(alias, of: name)
        return Response(status: .noContent)
    }

    private func name(_ context: OwnContext) throws -> FunctionName {
        try context.pathFunction()
    }

    private func alias(_ context: OwnContext) throws -> AliasName {
        try AliasName(context.parameters.require("alias"))
    }

    private func aliases(of name: FunctionName) throws -> [FunctionAlias] {
        guard let aliases = catalog.aliases(of: name) else { throw Problem.unknownFunction(name.text) }
        return aliases
    }
}
