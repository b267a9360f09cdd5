// SPDX-License-Identifier: Apache-2.0
// The options of `serve` for TLS, before any file is read. ServeConfiguration holds them.

package import ACME
import Foundation

/// Where certificates and keys come from; empty for a gateway without TLS.
package struct TLSSettings: Hashable, Sendable {
    /// One certificate with its key.
    package struct Pair: Hashable, Sendable {
        /// PEM: the server's certificate, then those that lead to a root.
        package var certificate: String
        /// PEM, without passphrase.
        package var key: String

        package init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    /// The first one is for clients that name no host, or an unknown one.
    package var pairs: [Pair] = []
    /// A certificate of the gateway's own, in the data folder.
    package var isSelfSigned = false
    /// PEM: clients need a certificate that one of these issued.
    package var clientRoots: String?

    /// Certificates that an authority issues; without names none.
    package var acme = ACMESettings()
    /// Where the listener without TLS is, which redirects to HTTPS; nil for none.
    package var redirect: ListenAddress?

    /// Whether the gateway serves HTTPS.
    package var isOn: Bool { isSelfSigned || !pairs.isEmpty || !acme.domains.isEmpty }

    /// Every file that is read, in order.
    var paths: [String] {
        pairs.flatMap { [$0.certificate, $0.key] } + (clientRoots.map { [$0] } ?? [])
    }

    package init() {}

    /// Lays the command line's values for an authority over those of the file.
    package mutating func applyACME(
        domains: [String],
        authority: String?,
        email: String?,
        agreesToTerms: Bool,
        roots: String?
    ) {
        if !domains.isEmpty { acme.setDomains(domains) }
        if let authority { acme.authority = authority }
        if let email { acme.email = email }
        if agreesToTerms { acme.agreesToTerms = true }
        if let roots { acme.roots = roots }
        // The gateway reads it again after its folder has changed.
        acme.roots = acme.roots.map { URL(fileURLWithPath: $0).path }
    }

    /// What makes the settings contradict each other; nil when nothing does.
    package var mistake: String? {
        if isSelfSigned, !pairs.isEmpty {
            return "a self-signed certificate and one from a file exclude each other"
        }
        if isSelfSigned, !acme.domains.isEmpty {
            return
                "a self-signed certificate and one of an authority exclude each other: the gateway makes one "
                + "for itself until the authority has issued the first"
        }
        if let mistake = acme.mistake { return mistake }
        if clientRoots != nil, !isOn { return "certificates of clients need a certificate of the gateway" }
        if redirect != nil, !isOn { return "a redirect to HTTPS needs a certificate of the gateway" }
        return nil
    }
}
