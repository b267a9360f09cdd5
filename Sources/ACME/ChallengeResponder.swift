// SPDX-License-Identifier: Apache-2.0
// What answers an authority's challenges on this gateway's listeners. Server implements it; CertificateIssuer asks it.

/// The proof of control of one name, as it has to be shown.
package struct ChallengeAnswer: Hashable, Sendable {
    package var kind: ChallengeKind
    package var domain: String
    /// Of the path (``ChallengeKind/http``).
    package var token: String
    /// What is read there.
    package var keyAuthorization: String
    /// SHA-256 of it, which the certificate carries (``ChallengeKind/tls``).
    package var digest: [UInt8]
}

/// Shows answers to every client that asks, until they are withdrawn.
package protocol ChallengeResponder: Sendable {
    /// What it can show, the preferred kind first.
    var kinds: [ChallengeKind] { get }
    /// Shows an answer from now on.
    ///
    /// - Throws: ``ACMEError/cannotAnswer(reason:)``.
    func publish(_ answer: ChallengeAnswer) throws(ACMEError)
    /// Shows it no more; again is harmless.
    func withdraw(_ answer: ChallengeAnswer)
}
