// SPDX-License-Identifier: Apache-2.0
// Shows answers to an authority's challenges on the gateway's two listeners. CertificateRenewal drives it.

import ACME
import Gateway
import TLS

/// The listener without TLS for HTTP challenges, the one with TLS for those in the handshake.
struct ListenerChallenges: ChallengeResponder {
    let table = ChallengeTable()
    let kinds: [ChallengeKind]
    private let server: TLSServer

    /// Nil where no authority is asked for certificates.
    init?(_ tls: TLSSettings, server: TLSServer) {
        guard !tls.acme.domains.isEmpty else { return nil }
        kinds = tls.redirect == nil ? [.tls] : [.http, .tls]
        self.server = server
    }

    func publish(_ answer: ChallengeAnswer) throws(ACMEError) {
        switch answer.kind {
        case .http:
            guard table.publish(answer.keyAuthorization, for: answer.token) else {
                throw .cannotAnswer(reason: "more than \(ChallengeTable.countMax) challenges are open")
            }
        case .tls:
            do throws(TLSError) { try server.showChallenge(answer.digest, for: answer.domain) } catch {
                throw .cannotAnswer(reason: error.description)
            }
        }
    }

    func withdraw(_ answer: ChallengeAnswer) {
        switch answer.kind {
        case .http: table.withdraw(answer.token)
        case .tls: server.hideChallenge(for: answer.domain)
        }
    }
}
