// SPDX-License-Identifier: Apache-2.0
// The certificates of a running server, replaced without an effect on open connections. Server loads it, the edge
// asks it for a handler per connection.

package import NIOCore
import Synchronization

/// Certificate chain and key as files that were read.
package struct TLSPair: Sendable {
    package var certificate: PEMFile
    package var key: PEMFile

    package init(certificate: PEMFile, key: PEMFile) {
        self.certificate = certificate
        self.key = key
    }
}

/// What connections that are accepted from now on use.
package final class TLSServer: Sendable {
    /// ALPN's name of HTTP/2 (RFC 9113, section 3.2).
    package static let http2Name = "h2"

    private let current: Mutex<TLSContext>
    private let reloads = Atomic(0)
    private let protocols: [String]
    private let tickets = TicketKeys()
    private let challenges = TLSChallenges()

    /// Parses the files; blocks for some milliseconds.
    ///
    /// - Parameters:
    ///   - pairs: at least one; the first one is for clients that name no host, or an unknown one.
    ///   - clientRoots: only clients whose certificate one of these issued are served; nil serves all.
    ///   - protocols: names for ALPN, the preferred first.
    /// - Throws: ``TLSError`` with file and reason.
    package init(_ pairs: [TLSPair], clientRoots: PEMFile? = nil, protocols: [String]) throws(TLSError) {
        self.protocols = protocols
        let context = try Self.load(pairs, clientRoots, protocols, tickets, challenges)
        current = Mutex(context)
    }

    /// Replaces the certificates for connections that are accepted from now on; the old ones stay when it throws.
    ///
    /// - Throws: ``TLSError`` with file and reason.
    package func reload(_ pairs: [TLSPair], clientRoots: PEMFile? = nil) throws(TLSError) {
        let loaded = try Self.load(pairs, clientRoots, protocols, tickets, challenges)
        current.withLock { $0 = loaded }
        reloads.wrappingAdd(1, ordering: .relaxed)
    }

    /// How often the certificates were replaced.
    package var generation: Int { reloads.load(ordering: .relaxed) }

    /// Certificates that clients refuse by their dates.
    ///
    /// - Parameter nowSeconds: Unix time.
    /// - Returns: one warning for each such certificate.
    package func warnings(nowSeconds: Int64) -> [TLSWarning] {
        current.withLock { $0 }.identities.compactMap { $0.warning(nowSeconds: nowSeconds) }
    }

    /// When the first of the certificates expires, in Unix time.
    package var earliestExpirySeconds: Int64 {
        current.withLock { $0 }.identities.map(\.validUntil).min() ?? 0
    }

    /// Answers an authority's challenge for a name in handshakes of their own protocol (RFC 8737), from now on and
    /// across reloads.
    ///
    /// - Parameters:
    ///   - digest: SHA-256 of what the authority expects.
    ///   - name: lower case.
    /// - Throws: ``TLSError``.
    package func showChallenge(_ digest: [UInt8], for name: String) throws(TLSError) {
        let made = try SelfSignedCertificate(names: [name], addresses: [], challengeDigest: digest)
        let identity = try TLSIdentity(
            certificate: PEMFile(path: "the challenge", bytes: made.certificate),
            key: PEMFile(path: "the challenge", bytes: made.key)
        )
        guard challenges.show(identity, for: name) else { throw .tooMany(max: TLSChallenges.countMax) }
    }

    /// Answers it no more; again is harmless.
    package func hideChallenge(for name: String) { challenges.hide(name) }

    /// Whether a certificate of the server is for a host.
    ///
    /// - Parameter host: a name in lower case, or an address without brackets.
    /// - Returns: false also for text that is neither.
    package func covers(_ host: String) -> Bool {
        current.withLock { $0 }.identities.contains { $0.covers(host) }
    }

    /// Makes the handler of a new connection, which goes first into its pipeline.
    ///
    /// It fires NIOTLS's `TLSUserEvent` when the handshake is complete, and ``TLSFailure`` as the error of a connection
    /// that it closes.
    ///
    /// - Returns: the handler, for this connection alone.
    /// - Throws: ``TLSError/library(step:reason:)`` when memory is gone.
    package func makeHandler() throws(TLSError) -> any ChannelHandler {
        TLSHandler(try TLSSession(current.withLock { $0 }))
    }

    private static func load(
        _ pairs: [TLSPair],
        _ clientRoots: PEMFile?,
        _ protocols: [String],
        _ tickets: TicketKeys,
        _ challenges: TLSChallenges
    ) throws(TLSError) -> TLSContext {
        guard pairs.count <= TLSContext.identitiesMax else { throw .tooMany(max: TLSContext.identitiesMax) }
        var identities: [TLSIdentity] = []
        for pair in pairs {
            identities.append(try TLSIdentity(certificate: pair.certificate, key: pair.key))
        }
        return try TLSContext(
            identities: identities,
            clientRoots: clientRoots,
            protocols: protocols,
            tickets: tickets,
            challenges: challenges
        )
    }
}
