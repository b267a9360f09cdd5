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
    let catalog: any FunctionCatalog
    let bodyBytesMax: Int

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(
            APIPath.secrets,
            [.get: list, .post: create, .put: update, .delete: remove]
        )
    }

    @Sendable private func list(_ request: Request, _ context: OwnContext) async throws -> Response {
        try Namespace.require(context.query("namespace"))
        let names = try await secrets.list()
        return try WireJSON.response(names.map { SecretEntry(name: $0) })
    }

    @Sendable private func create(_ request: Request, _ context: OwnContext) async throws -> Response {
        let (name, value) = try await read(request)
        context.audit?.about("secret \(name)")
        try await secrets.create(name, value)
        // Functions that were deployed with a secret of this name wait for it.
        try await catalog.secretChanged(name)
        return Response(status: .created)
    }

    @Sendable private func update(_ request: Request, _ context: OwnContext) async throws -> Response {
        let (name, value) = try await read(request)
        context.audit?.about("secret \(name)")
        try await secrets.update(name, value)
        // Warm sandboxes hold the old value.
        try await catalog.secretChanged(name)
        return Response(status: .ok)
    }

    @Sendable private func remove(_ request: Request, _ context: OwnContext) async throws -> Response {
        let body = try await decode(request)
        context.audit?.about("secret \(body.name)")
        // Before the check for users of the secret: a missing secret is not in use.
        _ = try await secrets.file(of: body.name)
        let force = body.force ?? false || context.flag("force")
        try await catalog.removeSecret(body.name, force: force) {
            try await secrets.remove(body.name)
        }
        return Response(status: .ok)
    }

    private func decode(_ request: Request) async throws -> SecretBody {
        // Base64 and JSON make a value a third longer.
        let bytesMax = max(bodyBytesMax, SecretLimits.valueBytesMax * 2)
        let body = try await WireJSON.decode(SecretBody.self, request, bytesMax: bytesMax)
        try Namespace.require(body.namespace)
        return body
    }

    private func read(_ request: Request) async throws -> (name: String, value: [UInt8]) {
        let body = try await decode(request)
        if let raw = body.rawValue, !raw.isEmpty {
            guard let data = Data(base64Encoded: raw) else {
                throw Problem(400, .invalid, "'rawValue' is not base64")
            }
            return (body.name, Array(data))
        }
        guard let value = body.value else { throw Problem(400, .invalid, "'value' is missing") }
        return (body.name, Array(value.utf8))
    }
}
