// SPDX-License-Identifier: Apache-2.0
// Which certificates a gateway serves now: files of the operator, of an authority, and its own. GatewayProcess and
// CertificateKeeper ask it.

import ACME
import TLS

/// The certificates of a configuration and a data folder.
struct CertificateSources: Sendable {
    private let tls: TLSSettings
    private let dataDirectory: String

    init(_ tls: TLSSettings, dataDirectory: String) {
        self.tls = tls
        self.dataDirectory = dataDirectory
    }

    /// Whether some of them are in the data folder.
    var hasOwn: Bool { tls.isSelfSigned || !tls.acme.domains.isEmpty }

    /// Makes the gateway's own certificate unless there is one.
    ///
    /// Blocks for some milliseconds.
    ///
    /// - Throws: ``TLSError``.
    func prepare(host: String) throws(TLSError) { try OwnCertificate.prepare(in: dataDirectory, host: host) }

    /// Names whose certificate the authority has not issued yet; blocks for the files.
    func missing() -> [String] { tls.acme.domains.filter { !isUsable($0) } }

    /// The files to serve; blocks for those of the authority.
    ///
    /// The operator's come first, and the gateway's own last: as long as the certificate of a name is missing.
    @Sendable func current() -> TLSSettings {
        var current = TLSSettings()
        current.clientRoots = tls.clientRoots
        current.pairs = tls.pairs
        var isComplete = !tls.isSelfSigned
        for domain in tls.acme.domains {
            guard let files, isUsable(domain) else {
                isComplete = false
                continue
            }
            let path = files.certificatePath(domain)
            current.pairs.append(.init(certificate: path, key: path))
        }
        if !isComplete { current.pairs += OwnCertificate.settings(in: dataDirectory).pairs }
        return current
    }

    private var files: ACMEFiles? {
        tls.acme.authorityURL.map { ACMEFiles(dataDirectory: dataDirectory, authority: $0) }
    }

    /// One that cannot be read counts as missing: it is asked for again, and the renewal logs why.
    private func isUsable(_ domain: String) -> Bool { (try? files?.certificate(domain)) != nil }
}
