// SPDX-License-Identifier: Apache-2.0
// Makes an Authorization header after a 401: Basic, or a token from the server that the registry names.

import HTTPClient
import Foundation
import Synchronization

extension RegistrySession {
    /// Seconds for which Basic credentials are sent without a challenge; then the credential file is read again.
    private static let basicLifetime = Duration.seconds(300)
    /// Largest answer of a token server; a token has a few kilobytes.
    private static let tokenBytesMax = 256 << 10

    /// Gets the authorization that the challenges of a 401 ask for.
    ///
    /// False when this client has no matching credential.
    func authenticate(_ head: HTTPHead) async throws(RegistryError) -> Bool {
        let challenges = AuthChallenge.parse(head["WWW-Authenticate"] ?? "")
        let credential = try await client.credential(for: endpoint.name, repository: repository)
        if let bearer = challenges.first(where: { $0.scheme == "bearer" }) {
            try await authenticate(bearer, credential)
            return true
        }
        guard challenges.contains(where: { $0.scheme == "basic" }), let credential,
            credential.kind == .password
        else { return false }
        let pair = Data("\(credential.user):\(credential.secret)".utf8).base64EncodedString()
        keep(.basic(pair), scopes: nil, lifetime: Self.basicLifetime)
        return true
    }

    private func keep(_ authorization: Authorization, scopes: Set<AccessScope>?, lifetime: Duration?) {
        client.tokens.withLock {
            $0.keep(authorization, for: endpoint.origin, scopes: scopes, lifetime: lifetime, at: .now)
        }
    }

    private func authenticate(_ challenge: AuthChallenge, _ credential: Credential?)
        async throws(RegistryError)
    {
        // The challenge may ask for more than this request (a mount needs two repositories), or name it differently.
        let wanted = scopes.union(AccessScope.parse(challenge.parameters["scope"] ?? ""))
        if let credential, credential.kind == .registryToken {
            return keep(.bearer(credential.secret), scopes: nil, lifetime: Self.basicLifetime)
        }
        guard let realm = challenge.parameters["realm"].flatMap(URL.init(string:)),
            AddressPolicy.mayAuthenticate(at: realm, for: endpoint.origin)
        else {
            let text = challenge.parameters["realm"] ?? ""
            throw .violation(
                host: endpoint.name,
                reason: "it asks for credentials to be sent to '\(text.prefix(200))'"
            )
        }
        let request = try tokenRequest(realm, challenge.parameters["service"], wanted, credential)
        let token = try await fetchToken(request)
        keep(.bearer(token.value), scopes: wanted, lifetime: token.lifetime)
    }

    /// GET with Basic credentials or none; POST in OAuth2's form for identity tokens.
    private func tokenRequest(
        _ realm: URL,
        _ service: String?,
        _ scopes: Set<AccessScope>,
        _ credential: Credential?
    ) throws(RegistryError) -> HTTPRequest {
        let ordered = scopes.map(\.description).sorted()
        var fields: [(name: String, value: String)] = [("client_id", "mayfly")]
        if let service { fields.append(("service", service)) }
        if let credential, credential.kind == .identityToken {
            fields += [("grant_type", "refresh_token"), ("refresh_token", credential.secret)]
            if !ordered.isEmpty { fields.append(("scope", ordered.joined(separator: " "))) }
            let type = "application/x-www-form-urlencoded"
            let body = Data(FormEncoding.encode(fields).utf8)
            return HTTPRequest("POST", realm, fields: ["Content-Type": type], body: .bytes(body))
        }
        fields += ordered.map { ("scope", $0) }
        guard let url = FormEncoding.adding(fields, to: realm) else {
            throw .violation(host: endpoint.name, reason: "its token server has no usable address")
        }
        var request = HTTPRequest("GET", url)
        if let credential {
            let pair = Data("\(credential.user):\(credential.secret)".utf8).base64EncodedString()
            request.fields["Authorization"] = "Basic " + pair
        }
        return request
    }

    private struct TokenAnswer: Decodable {
        var token: String?
        var accessToken: String?
        var expiresIn: Int?

        enum CodingKeys: String, CodingKey {
            case token
            case accessToken = "access_token"
            case expiresIn = "expires_in"
        }
    }

    /// Asks the token server, with retries.
    ///
    /// Redirects are not followed: the request holds the password.
    private func fetchToken(_ request: HTTPRequest) async throws(RegistryError) -> (
        value: String, lifetime: Duration?
    ) {
        let host = request.url.host ?? endpoint.name
        var request = request
        request.destinations = destinations(of: request.url)
        let sink = CollectingSink(limitBytes: Self.tokenBytesMax)
        var plan = RetryPlan(limits: client.options.retry)
        var random = SystemRandomNumberGenerator()
        while true {
            let trouble: RetryPlan.Trouble
            let failure: RegistryError
            switch await lane.perform(request, into: sink) {
            case .success(let head) where head.isSuccess:
                let answer = try? JSONDecoder().decode(TokenAnswer.self, from: Data(sink.bytes))
                guard let answer, let token = answer.token ?? answer.accessToken, !token.isEmpty else {
                    // The body may hold a secret, so it is not quoted.
                    throw .violation(host: host, reason: "its token server answers without a token")
                }
                return (token, answer.expiresIn.map { .seconds($0) })
            case .success(let head):
                let answer = RegistryAnswer(
                    subject: "a token for \(endpoint.name)",
                    head: head,
                    body: sink.bytes
                )
                failure = answer.error
                trouble = .status(head.status, retryAfter: RetryAfter.parse(head["Retry-After"], now: Date()))
            case .failure(let reason):
                if reason.kind == .cancelled { throw .cancelled }
                try Self.checkReach(reason, host: endpoint.name)
                failure = .unreachable(host: host, reason: reason.reason)
                trouble = reason.kind == .unreachable ? .unreachable : .broken
            }
            guard case .wait(let delay) = plan.failed(trouble, using: &random) else { throw failure }
            try await pause(delay)
        }
    }
}
