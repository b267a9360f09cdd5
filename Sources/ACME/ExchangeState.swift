// SPDX-License-Identifier: Apache-2.0
// What one answer of an authority means for the request that it answers: decisions without IO. ACMEClient drives it.

/// The life of one signed request.
struct ExchangeState: ~Copyable {
    /// Nonces that the authority may refuse of one request.
    ///
    /// Authorities forget nonces when they restart; one that refuses this many in a row refuses all.
    static let noncesMax = 10

    private var noncesLeft = noncesMax

    enum Answered: Hashable {
        case accepted
        /// The same request with another nonce (RFC 8555, section 6.5).
        case again
        case failed(ACMEError)
    }

    /// The authority answered.
    ///
    /// - Parameters:
    ///   - status: of HTTP.
    ///   - problem: what the body says of a refusal.
    ///   - retryAfterSeconds: when it takes the next request.
    /// - Returns: what becomes of the request.
    mutating func answered(status: Int, problem: ACMEProblem, retryAfterSeconds: Int64?) -> Answered {
        if (200...299).contains(status) { return .accepted }
        // Redirects are no part of the protocol, and a signature names the address that it is for.
        if (300...399).contains(status) { return .failed(.malformed(what: "a redirect (\(status))")) }
        switch problem.kind {
        case "badNonce":
            noncesLeft -= 1
            return noncesLeft > 0 ? .again : .failed(.nonces)
        case "rateLimited":
            return .failed(.rateLimited(detail: problem.text, retryAfterSeconds: retryAfterSeconds))
        case "accountDoesNotExist": return .failed(.unknownAccount)
        case "externalAccountRequired": return .failed(.needsExternalAccount)
        default: break
        }
        if status == 429 || status == 503 {
            return .failed(.rateLimited(detail: problem.text, retryAfterSeconds: retryAfterSeconds))
        }
        return .failed(
            .refused(
                status: status,
                type: problem.kind,
                detail: problem.text,
                retryAfterSeconds: retryAfterSeconds
            )
        )
    }
}
