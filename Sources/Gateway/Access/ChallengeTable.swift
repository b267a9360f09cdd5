// SPDX-License-Identifier: Apache-2.0
// Answers to the HTTP challenges of a certificate authority (RFC 8555, section 8.3), by token. Server fills it;
// RedirectRules asks it.

import Synchronization

/// Tokens of challenges that are open now, with what the authority expects to read.
package final class ChallengeTable: Sendable {
    /// Where the authority asks; the token follows.
    static let prefix = "/.well-known/acme-challenge/"
    /// Open challenges at once: one for each name that is asked for, of which there are no more certificates.
    package static let countMax = 100

    private let answers = Mutex<[String: String]>([:])

    package init() {}

    /// Answers a token from now on.
    ///
    /// - Returns: false when ``countMax`` others are open.
    package func publish(_ answer: String, for token: String) -> Bool {
        answers.withLock { answers in
            guard answers[token] != nil || answers.count < Self.countMax else { return false }
            answers[token] = answer
            return true
        }
    }

    /// Answers the token no more.
    package func withdraw(_ token: String) { answers.withLock { $0[token] = nil } }

    /// What the authority expects under the token; nil for one that is not open.
    package func answer(for token: String) -> String? { answers.withLock { $0[token] } }
}
