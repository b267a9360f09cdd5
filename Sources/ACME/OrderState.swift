// SPDX-License-Identifier: Apache-2.0
// One order of a certificate, from the first answer to the last: decisions without IO. CertificateIssuer drives it.

import Foundation

/// The life of an order for one name (RFC 8555, section 7.1.6).
struct OrderState: ~Copyable {
    /// Questions about an authorization or an order, each after a wait.
    ///
    /// With the shortest wait a minute and a half; authorities answer within seconds.
    static let questionsMax = 40
    /// Between two questions when the authority names no time.
    static let waitSeconds: Int64 = 2
    /// Longest wait that the authority may ask for between two questions.
    static let waitSecondsMax: Int64 = 30

    private enum Phase {
        case ordering
        /// Of this authorization, and of those after it, the proof is missing.
        case proving(index: Int, hasAnswered: Bool)
        case completing(hasFinalized: Bool)
        case ended
    }

    private let kind: ChallengeKind
    private var phase = Phase.ordering
    private var address: URL?
    private var authorizations: [URL] = []
    private var questionsLeft = questionsMax

    /// - Parameter kind: of the challenges that are answered.
    init(kind: ChallengeKind) { self.kind = kind }

    enum Ordered: Hashable {
        case readAuthorization(URL)
        /// Send the signing request there.
        case finalize(URL)
        case readCertificate(URL)
        case wait(seconds: Int64)
        case failed(ACMEError)
    }

    /// The order was made.
    ///
    /// - Parameters:
    ///   - order: as the authority sees it.
    ///   - address: where it is read from now on.
    /// - Returns: the next step.
    mutating func ordered(_ order: Order, at address: URL) -> Ordered {
        guard case .ordering = phase else { return end(.malformed(what: "a second order")) }
        self.address = address
        authorizations = order.authorizations
        guard order.status == .pending else {
            phase = .completing(hasFinalized: false)
            return completed(order, retryAfterSeconds: nil)
        }
        phase = .proving(index: 0, hasAnswered: false)
        return .readAuthorization(authorizations[0])
    }

    enum Authorized: Hashable {
        /// Make the answer to this challenge public, then tell the authority.
        case answer(Challenge)
        case readAuthorization(URL)
        case readOrder(URL)
        case wait(seconds: Int64)
        case failed(ACMEError)
    }

    /// An authorization was read.
    ///
    /// - Parameters:
    ///   - authorization: as the authority sees it.
    ///   - retryAfterSeconds: when it wants to be asked again.
    /// - Returns: the next step.
    mutating func authorized(_ authorization: NameAuthorization, retryAfterSeconds: Int64?) -> Authorized {
        guard case .proving(let index, let hasAnswered) = phase, let address else {
            return .failed(.malformed(what: "an authorization that was not asked for"))
        }
        switch authorization.status {
        case .valid:
            guard index + 1 < authorizations.count else {
                phase = .completing(hasFinalized: false)
                return .readOrder(address)
            }
            phase = .proving(index: index + 1, hasAnswered: false)
            return .readAuthorization(authorizations[index + 1])
        case .pending:
            if hasAnswered { return .wait(seconds: Self.bounded(retryAfterSeconds)) }
            guard let challenge = authorization.challenges.first(where: { $0.kind == kind }) else {
                phase = .ended
                return .failed(.noChallenge(wanted: kind.rawValue))
            }
            phase = .proving(index: index, hasAnswered: true)
            return .answer(challenge)
        case .invalid, .deactivated, .expired, .revoked:
            phase = .ended
            let detail = authorization.failure ?? "the authorization is \(authorization.status.rawValue)"
            return .failed(.challengeFailed(detail: detail))
        }
    }

    enum Waited: Hashable {
        case readAuthorization(URL)
        case readOrder(URL)
        case failed(ACMEError)
    }

    /// The wait is over, or the authority was told of an answer.
    mutating func waited() -> Waited {
        questionsLeft -= 1
        switch phase {
        case .proving(let index, _):
            if questionsLeft > 0 { return .readAuthorization(authorizations[index]) }
            phase = .ended
            return .failed(.unfinished(what: "check of the challenge"))
        case .completing:
            if questionsLeft > 0, let address { return .readOrder(address) }
            phase = .ended
            return .failed(.unfinished(what: "order"))
        case .ordering, .ended: return .failed(.malformed(what: "an order that has ended"))
        }
    }

    /// The order was read again, or was finalized.
    ///
    /// - Parameters:
    ///   - order: as the authority sees it.
    ///   - retryAfterSeconds: when it wants to be asked again.
    /// - Returns: the next step.
    mutating func read(_ order: Order, retryAfterSeconds: Int64?) -> Ordered {
        guard case .completing = phase else {
            return end(.malformed(what: "an order that was not asked for"))
        }
        return completed(order, retryAfterSeconds: retryAfterSeconds)
    }

    private mutating func completed(_ order: Order, retryAfterSeconds: Int64?) -> Ordered {
        guard case .completing(let hasFinalized) = phase else { return end(.malformed(what: "an order")) }
        switch order.status {
        case .ready where !hasFinalized:
            phase = .completing(hasFinalized: true)
            return .finalize(order.finalize)
        // The authority may need a moment to see what it has just been told.
        case .pending, .ready, .processing: return .wait(seconds: Self.bounded(retryAfterSeconds))
        case .valid:
            // An order that was valid before this gateway's request would be of a key that it does not have.
            guard hasFinalized else { return end(.malformed(what: "an order that was valid from the start")) }
            guard let certificate = order.certificate else {
                return end(.malformed(what: "a valid order without a certificate"))
            }
            phase = .ended
            return .readCertificate(certificate)
        case .invalid: return end(.orderFailed(detail: order.failure ?? "the authority gives no reason"))
        }
    }

    private mutating func end(_ error: ACMEError) -> Ordered {
        phase = .ended
        return .failed(error)
    }

    private static func bounded(_ seconds: Int64?) -> Int64 {
        min(max(seconds ?? waitSeconds, waitSeconds), waitSecondsMax)
    }
}
