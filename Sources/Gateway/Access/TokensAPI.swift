// SPDX-License-Identifier: Apache-2.0
// Creation, listing and revocation of bearer tokens. OwnPaths adds it.

import FoundationEssentials
import FunctionModel
import FunctionStore
import GatewayAPI
import HTTPTypes
import Hummingbird

/// GET and POST /v1/tokens, DELETE /v1/tokens/ID.
struct TokensAPI: Sendable {
    let book: TokenBook
    let keys: AccessKeys
    let bodyBytesMax: Int

    func add(to router: RouterGroup<OwnContext>) {
        router.resource(APIPath.tokens, [.get: list, .post: create])
        router.resource(APIPattern.token.pattern, [.delete: revoke])
    }

    @Sendable private func list(_ request: Request, _ context: OwnContext) async throws -> Response {
        try WireJSON.response(await book.list().map { AccessTokenBody($0) })
    }

    /// The answer is the only place that ever has the token.
    @Sendable private func create(_ request: Request, _ context: OwnContext) async throws -> Response {
        let wanted = try await WireJSON.decode(AccessTokenCreation.self, request, bytesMax: bodyBytesMax)
        var random = SystemRandomNumberGenerator()
        let (token, text) = try Self.make(wanted, at: context.call.arrived.date, using: &random)
        context.audit?.about("token \(token.id)")
        guard try await book.create(token) else {
            throw Problem(
                409,
                .conflict,
                "there are \(TokenBook.countMax) tokens already; revoke those that are not needed"
            )
        }
        var body = AccessTokenBody(token)
        body.token = text
        body.secretAccessKey = keys.secret(of: token.hash)
        var response = try WireJSON.response(body, status: .created)
        response.headers[.cacheControl] = "no-store"
        return response
    }

    @Sendable private func revoke(_ request: Request, _ context: OwnContext) async throws -> Response {
        let id = try context.callID()
        guard try await book.revoke(id) else {
            throw Problem(404, .unknownToken, "there is no token with the id '\(id.prefix(64))'")
        }
        return Response(status: .noContent)
    }

    /// A new token as it is stored, and its text.
    ///
    /// - Throws: ``ModelError`` naming the field.
    static func make(
        _ wanted: AccessTokenCreation,
        at now: Date,
        using random: inout some RandomNumberGenerator
    ) throws(ModelError) -> (token: StoredToken, text: String) {
        let name = wanted.name ?? ""
        guard name.utf8.count <= AccessTokenCreation.nameBytesMax,
            name.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
        else {
            throw ModelError(
                field: "name",
                value: String(name.prefix(64)),
                expected: "at most \(AccessTokenCreation.nameBytesMax) bytes without control characters"
            )
        }
        let scopes = Set(wanted.scopes ?? [.invoke])
        guard !scopes.isEmpty else {
            let known = TokenScope.allCases.map(\.rawValue).joined(separator: ", ")
            throw ModelError(field: "scopes", value: "", expected: "at least one of \(known)")
        }
        let text = AccessToken.make(scopes, using: &random)
        var token = StoredToken(
            id: AccessToken.makeID(using: &random),
            name: name,
            hash: AccessToken.hash(text),
            scopes: scopes,
            createdAt: now
        )
        token.functions = try functions(wanted.functions ?? [], scopes)
        token.namespaces = try namespaces(wanted.namespaces ?? [], scopes)
        if let span = wanted.expires {
            guard span.nanoseconds > 0 else {
                throw ModelError(field: "expires", value: "\(span)", expected: "more than zero")
            }
            token.expiresAt = now + Double(span.nanoseconds) / 1e9
        }
        return (token, text)
    }

    /// Routes of these scopes are about no function: such a token could do nothing with them, or everything.
    private static func requireLimitable(_ scopes: Set<TokenScope>, _ field: String, _ texts: [String])
        throws(ModelError)
    {
        guard let scope = [TokenScope.admin, .sandbox].first(where: scopes.contains) else { return }
        throw ModelError(
            field: field,
            value: texts.joined(separator: ", "),
            expected: "none with the scope '\(scope.rawValue)', which no function limits"
        )
    }

    private static func namespaces(_ texts: [String], _ scopes: Set<TokenScope>) throws(ModelError)
        -> Set<String>?
    {
        guard !texts.isEmpty else { return nil }
        guard texts.count <= AccessTokenCreation.namespacesMax else {
            throw ModelError(
                field: "namespaces",
                value: "\(texts.count) names",
                expected: "at most \(AccessTokenCreation.namespacesMax)"
            )
        }
        try requireLimitable(scopes, "namespaces", texts)
        for text in texts { try FunctionNamespace.check(text) }
        return Set(texts)
    }

    private static func functions(_ texts: [String], _ scopes: Set<TokenScope>) throws(ModelError)
        -> Set<FunctionName>?
    {
        guard !texts.isEmpty else { return nil }
        guard texts.count <= AccessTokenCreation.functionsMax else {
            throw ModelError(
                field: "functions",
                value: "\(texts.count) names",
                expected: "at most \(AccessTokenCreation.functionsMax)"
            )
        }
        try requireLimitable(scopes, "functions", texts)
        var names: Set<FunctionName> = []
        for text in texts { names.insert(try FunctionName(text)) }
        return names
    }
}

extension AccessTokenBody {
    /// A stored token, without the token itself.
    init(_ token: StoredToken) {
        self.init(id: token.id, name: token.name, scopes: token.scopes.sorted(), createdAt: token.createdAt)
        functions = token.functions?.map(\.text).sorted()
        namespaces = token.namespaces?.sorted()
        expiresAt = token.expiresAt
        lastUsedAt = token.lastUsedAt
    }
}
