// SPDX-License-Identifier: Apache-2.0
// The options of `serve` for TLS, before any file is read. ServeConfiguration holds them.

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

    /// Where the listener without TLS is, which redirects to HTTPS; nil for none.
    package var redirect: ListenAddress?

    /// Whether the gateway serves HTTPS.
    package var isOn: Bool { isSelfSigned || !pairs.isEmpty }

    /// Every file that is read, in order.
    var paths: [String] {
        pairs.flatMap { [$0.certificate, $0.key] } + (clientRoots.map { [$0] } ?? [])
    }

    package init() {}

    /// What makes the settings contradict each other; nil when nothing does.
    package var mistake: String? {
        if isSelfSigned, !pairs.isEmpty {
            return "a self-signed certificate and one from a file exclude each other"
        }
        if clientRoots != nil, !isOn { return "certificates of clients need a certificate of the gateway" }
        if redirect != nil, !isOn { return "a redirect to HTTPS needs a certificate of the gateway" }
        return nil
    }
}
