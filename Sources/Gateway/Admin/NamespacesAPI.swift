// SPDX-License-Identifier: Apache-2.0
// OpenFaaS's namespace administration. OwnPaths adds it.

import FoundationEssentials
import FunctionModel
import FunctionStore
import GatewayAPI
import HTTPTypes
import Hummingbird

/// /system/namespaces and /system/namespace/NAME.
struct NamespacesAPI: Sendable {
    let store: any NamespaceRepository
    let secrets: any SecretRepository
    let bodyBytesMax: Int

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(APIPath.namespaces, [.get: list])
        router.resource(APIPath.namespace, [.post: create])
        router.resource(APIPattern.namespace.pattern, [.get: describe, .put: update, .delete: remove])
    }

    @Sendable private func list(_ request: Request, _ context: OwnContext) async throws -> Response {
        let names = try await store.namespaces().map(\.name)
        return try WireJSON.response(names.filter { context.caller?.mayUse(namespace: $0) ?? false })
    }

    @Sendable private func describe(_ request: Request, _ context: OwnContext) async throws -> Response {
        let name = try context.parameters.require("name")
        guard context.caller?.mayUse(namespace: name) ?? false else {
            throw Problem(403, .forbidden, "this token is not for the namespace '\(name.prefix(64))'")
        }
        guard let namespace = try await store.namespace(name) else { throw Self.unknown(name) }
        return try WireJSON.response(NamespaceBody(namespace))
    }

    @Sendable private func create(_ request: Request, _ context: OwnContext) async throws -> Response {
        let body = try await WireJSON.decode(NamespaceBody.self, request, bytesMax: bodyBytesMax)
        context.audit?.about("namespace \(body.name)")
        let namespace = try body.namespace(at: context.call.arrived.date)
        // One that was removed while a secret of it was made must not hand that to its successor.
        if try await store.namespace(namespace.name) == nil { try await removeSecrets(of: namespace.name) }
        switch try await store.createNamespace(namespace, countMax: FunctionNamespace.countMax) {
        case .created: return try WireJSON.response(NamespaceBody(namespace), status: .created)
        case .exists: throw Problem(409, .conflict, "namespace '\(namespace.name)' exists already")
        case .full:
            throw Problem(
                409,
                .conflict,
                "there are \(FunctionNamespace.countMax) namespaces already; remove those that are not needed"
            )
        }
    }

    @Sendable private func update(_ request: Request, _ context: OwnContext) async throws -> Response {
        let name = try context.parameters.require("name")
        var body = try await WireJSON.decode(NamespaceBody.self, request, bytesMax: bodyBytesMax)
        guard body.name == name || body.name.isEmpty else {
            throw Problem(
                400,
                .invalid,
                "name: '\(body.name.prefix(64))' is not the namespace of the path, '\(name.prefix(64))'"
            )
        }
        body.name = name
        context.audit?.about("namespace \(name)")
        guard let known = try await store.namespace(name) else { throw Self.unknown(name) }
        guard try await store.updateNamespace(try body.namespace(at: known.createdAt)) else {
            throw Self.unknown(name)
        }
        return Response(status: .ok)
    }

    @Sendable private func remove(_ request: Request, _ context: OwnContext) async throws -> Response {
        let name = try context.parameters.require("name")
        context.audit?.about("namespace \(name)")
        guard name != FunctionName.defaultNamespace else {
            throw Problem(409, .conflict, "namespace '\(name)' is the default one and stays")
        }
        guard try await store.namespace(name) != nil else { throw Self.unknown(name) }
        let left = try await secrets.within(name).list()
        guard left.isEmpty else {
            throw Problem(
                409,
                .conflict,
                "namespace '\(name)' has secrets: \(Self.shown(left)); remove them first"
            )
        }
        switch try await store.removeNamespace(name) {
        case .removed: return Response(status: .ok)
        case .unknown: throw Self.unknown(name)
        case .inUse(let functions):
            throw Problem(
                409,
                .conflict,
                "namespace '\(name)' has functions: \(Self.shown(functions.map(\.localName))); remove them first"
            )
        }
    }

    private func removeSecrets(of namespace: String) async throws {
        let secrets = secrets.within(namespace)
        for name in try await secrets.list() { try await secrets.remove(name) }
    }

    /// Names that one message holds; more are counted.
    private static let namesShownMax = 8

    private static func shown(_ names: [String]) -> String {
        let rest = names.count - namesShownMax
        return names.prefix(namesShownMax).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }

    private static func unknown(_ name: String) -> Problem {
        Problem(404, .unknownNamespace, "there is no namespace '\(name.prefix(64))'")
    }
}

extension NamespaceBody {
    init(_ namespace: FunctionNamespace) {
        self.init(name: namespace.name)
        labels = namespace.labels
        annotations = namespace.annotations
    }

    /// The namespace that the store takes.
    ///
    /// - Throws: ``ModelError`` naming the field.
    func namespace(at date: Date) throws(ModelError) -> FunctionNamespace {
        try FunctionNamespace(
            name: name,
            labels: labels ?? [:],
            annotations: annotations ?? [:],
            createdAt: date
        )
    }
}
