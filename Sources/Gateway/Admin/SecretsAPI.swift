// SPDX-License-Identifier: Apache-2.0
// OpenFaaS's secret administration over SecretRepository. OwnPaths adds it.

import FoundationEssentials
import FunctionModel
import FunctionStore
import GatewayAPI
import HTTPTypes
import Hummingbird

/// /system/secrets.
struct SecretsAPI: Sendable {
    let secrets: any SecretRepository
    let namespaces: Namespaces
    let catalog: any FunctionCatalog
    let bodyBytesMax: Int

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(
            APIPath.secrets,
            [.get: list, .post: create, .put: update, .delete: remove]
        )
    }

    @Sendable private func list(_ request: Request, _ context: OwnContext) async throws -> Response {
        let namespace = try await self.namespace(context.query("namespace"), context)
        let names = try await secrets.within(namespace).list()
        return try WireJSON.response(names.map { SecretEntry(name: $0, namespace: namespace) })
    }

    @Sendable private func create(_ request: Request, _ context: OwnContext) async throws -> Response {
        let (body, namespace) = try await decode(request, context)
        try await secrets.within(namespace).create(body.name, try Self.value(body))
        // Functions that were deployed with a secret of this name wait for it.
        try await catalog.secretChanged(body.name, in: namespace)
        return Response(status: .created)
    }

    @Sendable private func update(_ request: Request, _ context: OwnContext) async throws -> Response {
        let (body, namespace) = try await decode(request, context)
        try await secrets.within(namespace).update(body.name, try Self.value(body))
        // Warm sandboxes hold the old value.
        try await catalog.secretChanged(body.name, in: namespace)
        return Response(status: .ok)
    }

    @Sendable private func remove(_ request: Request, _ context: OwnContext) async throws -> Response {
        let (body, namespace) = try await decode(request, context)
        let secrets = secrets.within(namespace)
        // Before the check for users of the secret: a missing secret is not in use.
        _ = try await secrets.file(of: body.name)
        let force = body.force ?? false || context.flag("force")
        try await catalog.removeSecret(body.name, in: namespace, force: force) {
            try await secrets.remove(body.name)
        }
        return Response(status: .ok)
    }

    /// A namespace that exists and that the caller has.
    private func namespace(_ name: String?, _ context: OwnContext) async throws -> String {
        let given = name.flatMap { $0.isEmpty ? nil : $0 } ?? FunctionName.defaultNamespace
        // First: whether a namespace exists is no matter of callers that are limited to others.
        guard let caller = context.caller else { throw Problem.unauthorized }
        try caller.require(namespace: given)
        return try await namespaces.require(given)
    }

    private func decode(_ request: Request, _ context: OwnContext) async throws -> (SecretBody, String) {
        // Base64 and JSON make a value a third longer.
        let bytesMax = max(bodyBytesMax, SecretLimits.valueBytesMax * 2)
        let body = try await WireJSON.decode(SecretBody.self, request, bytesMax: bytesMax)
        let named = body.namespace.flatMap { $0.isEmpty ? nil : $0 }
        let namespace = try await self.namespace(named ?? context.query("namespace"), context)
        let isDefault = namespace == FunctionName.defaultNamespace
        context.audit?.about("secret \(body.name)" + (isDefault ? "" : " of namespace \(namespace)"))
        return (body, namespace)
    }

    private static func value(_ body: SecretBody) throws -> [UInt8] {
        if let raw = body.rawValue, !raw.isEmpty {
            guard let data = Data(base64Encoded: raw) else {
                throw Problem(400, .invalid, "'rawValue' is not base64")
            }
            return Array(data)
        }
        guard let value = body.value else { throw Problem(400, .invalid, "'value' is missing") }
        return Array(value.utf8)
    }
}
