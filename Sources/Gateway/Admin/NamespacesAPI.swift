// SPDX-License-Identifier: Apache-2.0
// OpenFaaS's namespace administration, for the only namespace. OwnPaths adds it.

import FunctionModel
import GatewayAPI
import HTTPTypes
import Hummingbird

/// /system/namespaces and /system/namespace/NAME.
///
/// Operations that a single namespace cannot support are refused, never accepted and ignored.
struct NamespacesAPI: Sendable {
    let bodyBytesMax: Int

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(APIPath.namespaces, [.get: list])
        router.resource(APIPath.namespace, [.post: create])
        router.resource(APIPattern.namespace.pattern, [.get: describe, .put: update, .delete: remove])
    }

    @Sendable private func list(_ request: Request, _ context: OwnContext) async throws -> Response {
        try WireJSON.response([FunctionName.defaultNamespace])
    }

    @Sendable private func describe(_ request: Request, _ context: OwnContext) async throws -> Response {
        let name = try known(context)
        return try WireJSON.response(NamespaceBody(name: name))
    }

    @Sendable private func create(_ request: Request, _ context: OwnContext) async throws -> Response {
        let body = try await WireJSON.decode(NamespaceBody.self, request, bytesMax: bodyBytesMax)
        guard body.name != FunctionName.defaultNamespace else {
            throw Problem(409, .conflict, "namespace '\(body.name)' exists already")
        }
        throw Problem(
            501,
            .notImplemented,
            "namespace '\(body.name.prefix(64))' cannot be made: this gateway has one namespace, "
                + "'\(FunctionName.defaultNamespace)'"
        )
    }

    @Sendable private func update(_ request: Request, _ context: OwnContext) async throws -> Response {
        let name = try known(context)
        let body = try await WireJSON.decode(NamespaceBody.self, request, bytesMax: bodyBytesMax)
        guard body.name == name else {
            throw Problem(
                400,
                .invalid,
                "name: '\(body.name.prefix(64))' is not the namespace of the path, '\(name)'"
            )
        }
        for (field, values) in [("annotations", body.annotations), ("labels", body.labels)] {
            guard values?.isEmpty ?? true else {
                throw Problem(501, .notImplemented, "namespace '\(name)' keeps no \(field)")
            }
        }
        return Response(status: .ok)
    }

    @Sendable private func remove(_ request: Request, _ context: OwnContext) async throws -> Response {
        let name = try known(context)
        throw Problem(409, .conflict, "namespace '\(name)' cannot be removed: it is the only one")
    }

    private func known(_ context: OwnContext) throws -> String {
        let name = try context.parameters.require("name")
        guard name == FunctionName.defaultNamespace else {
            throw Problem(404, .unknownNamespace, "there is no namespace '\(name.prefix(64))'")
        }
        return name
    }
}
