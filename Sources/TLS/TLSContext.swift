// SPDX-License-Identifier: Apache-2.0
// OpenSSL's settings for connections that are accepted from now on. TLSServer makes one for each set of certificates.

import COpenSSL
import Glibc

/// Immutable: a reload makes another one; connections keep theirs.
// SAFETY: nothing is set after init, and SSL_new on one context is thread-safe.
final class TLSContext: @unchecked Sendable {
    /// Certificates of one server: each is asked in turn for a client's name.
    static let identitiesMax = 100

    /// Protocols in the server's order (RFC 7301).
    let protocols: [String]
    let tickets: TicketKeys
    let challenges: TLSChallenges
    let identities: [TLSIdentity]
    /// One for each identity, the default first.
    private var contexts: [OpaquePointer] = []

    /// TLS 1.2 with forward secrecy and authenticated encryption only (RFC 9325, section 4.2); those of TLS 1.3 are
    /// OpenSSL's.
    private static let ciphers =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
        + "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
    private static let groups = "X25519:P-256:P-384"
    /// A resumed client rarely needs more than the newest one.
    private static let ticketsPerHandshake = 1
    /// Intermediates between the server's certificate and a root: a client's chain may not be longer.
    private static let clientChainMax: Int32 = 5

    /// Builds the contexts.
    ///
    /// - Parameters:
    ///   - identities: the first one is for clients that name no host, or an unknown one.
    ///   - clientRoots: certificates one of which must have issued the client's; nil asks for none.
    ///   - protocols: names for ALPN, the preferred first.
    ///   - tickets: keys of session tickets.
    ///   - challenges: of an authority, answered in handshakes of their own protocol.
    /// - Throws: ``TLSError`` naming the file that OpenSSL refuses.
    init(
        identities: [TLSIdentity],
        clientRoots: PEMFile?,
        protocols: [String],
        tickets: TicketKeys,
        challenges: TLSChallenges
    ) throws(TLSError) {
        self.identities = identities
        self.protocols = protocols
        self.tickets = tickets
        self.challenges = challenges
        let roots = try clientRoots?.certificates() ?? []
        defer { roots.forEach { X509_free($0) } }
        for identity in identities {
            guard let context = SSL_CTX_new(TLS_server_method()) else {
                throw .openSSL(step: "make a context", reason: OpenSSLErrors.take())
            }
            contexts.append(context)
            try Self.configure(context)
            try Self.use(identity, in: context)
            if let clientRoots { try Self.demand(roots, clientRoots, in: context) }
        }
    }

    deinit { contexts.forEach { SSL_CTX_free($0) } }

    /// A new connection; the caller frees it and keeps this object for as long.
    func makeConnection() -> OpaquePointer? { contexts.first.flatMap { SSL_new($0) } }

    /// Names for ALPN that both sides know, the server's order first.
    func choose(from offered: [String]) -> String? { protocols.first { offered.contains($0) } }

    /// Gives a connection the certificate for the name that its client asked for.
    ///
    /// - Returns: whether there is one of that name; the default stays otherwise.
    func useCertificate(for name: UnsafePointer<CChar>, count: Int, on connection: OpaquePointer) -> Bool {
        guard let index = identities.firstIndex(where: { $0.covers(name, count: count) }) else {
            return false
        }
        if index > 0 { SSL_set_SSL_CTX(connection, contexts[index]) }
        return true
    }

    private static func configure(_ context: OpaquePointer) throws(TLSError) {
        OpenSSLErrors.clear()
        copenssl_set_server_options(context)
        copenssl_set_modes(context)
        copenssl_keep_no_sessions(context)
        SSL_CTX_set_num_tickets(context, ticketsPerHandshake)
        guard copenssl_set_version_min(context, TLS1_2_VERSION) == 1,
            SSL_CTX_set_cipher_list(context, ciphers) == 1, copenssl_set_groups(context, groups) == 1
        else { throw .openSSL(step: "choose versions and ciphers", reason: OpenSSLErrors.take()) }
        TLSCallbacks.register(on: context)
    }

    private static func use(_ identity: TLSIdentity, in context: OpaquePointer) throws(TLSError) {
        let path = identity.certificatePath
        guard SSL_CTX_use_certificate(context, identity.chain[0]) == 1 else {
            throw .badCertificate(path: path, reason: OpenSSLErrors.take())
        }
        for certificate in identity.chain.dropFirst() where copenssl_add_chain(context, certificate) != 1 {
            throw .badCertificate(path: path, reason: OpenSSLErrors.take())
        }
        guard SSL_CTX_use_PrivateKey(context, identity.key) == 1 else {
            throw .badKey(path: identity.keyPath, reason: OpenSSLErrors.take())
        }
    }

    /// Refuses clients without a certificate that one of the roots issued.
    private static func demand(_ roots: [OpaquePointer], _ file: PEMFile, in context: OpaquePointer)
        throws(TLSError)
    {
        let store = SSL_CTX_get_cert_store(context)
        for root in roots {
            guard X509_STORE_add_cert(store, root) == 1, SSL_CTX_add_client_CA(context, root) == 1 else {
                throw .badCertificate(path: file.path, reason: OpenSSLErrors.take())
            }
        }
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
        SSL_CTX_set_verify_depth(context, clientChainMax)
        // A session that began with other roots is not resumed.
        var digest = [UInt8](repeating: 0, count: 32)
        guard EVP_Digest(file.bytes, file.bytes.count, &digest, nil, EVP_sha256(), nil) == 1,
            SSL_CTX_set_session_id_context(context, digest, UInt32(digest.count)) == 1
        else { throw .openSSL(step: "name its sessions", reason: OpenSSLErrors.take()) }
    }
}

/// What OpenSSL asks during a handshake; each question finds its TLSSession by the connection.
private enum TLSCallbacks {
    static func register(on context: OpaquePointer) {
        SSL_CTX_set_client_hello_cb(
            context,
            { connection, alert, _ in
                guard let connection, let session = TLSSession.of(connection), session.acceptsHello() else {
                    alert?.pointee = SSL_AD_UNRECOGNIZED_NAME
                    return SSL_CLIENT_HELLO_ERROR
                }
                return SSL_CLIENT_HELLO_SUCCESS
            },
            nil
        )
        copenssl_set_name_callback(context) { connection, _, _ in
            guard let connection, let session = TLSSession.of(connection),
                let name = SSL_get_servername(connection, TLSEXT_NAMETYPE_host_name)
            else { return SSL_TLSEXT_ERR_NOACK }
            // It has the challenge's certificate already.
            if session.isChallenge { return SSL_TLSEXT_ERR_OK }
            let isKnown = session.context.useCertificate(for: name, count: strlen(name), on: connection)
            return isKnown ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK
        }
        SSL_CTX_set_alpn_select_cb(
            context,
            { connection, chosen, chosenCount, offered, offeredCount, _ in
                guard let connection, let session = TLSSession.of(connection), let offered else {
                    return SSL_TLSEXT_ERR_NOACK
                }
                let list = UnsafeBufferPointer(start: offered, count: Int(offeredCount))
                let names = ProtocolList.names(list)
                // A client that offers others only must not take the answer for theirs (RFC 7301, section 3.2).
                guard let name = session.choose(from: names.map(\.name)),
                    let found = names.first(where: { $0.name == name })
                else { return SSL_TLSEXT_ERR_ALERT_FATAL }
                chosen?.pointee = offered + found.offset
                chosenCount?.pointee = UInt8(name.utf8.count)
                return SSL_TLSEXT_ERR_OK
            },
            nil
        )
        SSL_CTX_set_tlsext_ticket_key_evp_cb(context) { connection, name, vector, cipher, hash, encrypts in
            guard let connection, let session = TLSSession.of(connection), let name, let vector, let cipher,
                let hash
            else { return -1 }
            let tickets = session.context.tickets
            if encrypts == 1 { return tickets.encrypt(name, vector, cipher, hash) }
            let isUsedOnce = SSL_version(connection) >= TLS1_3_VERSION
            return tickets.decrypt(name, vector, cipher, hash, isUsedOnce: isUsedOnce)
        }
    }
}

/// ALPN's list: each name after one byte with its length.
enum ProtocolList {
    /// Names of a well-formed list with their offsets; a malformed rest is left out.
    static func names(_ list: UnsafeBufferPointer<UInt8>) -> [(name: String, offset: Int)] {
        var found: [(name: String, offset: Int)] = []
        var position = 0
        while position < list.count {
            let count = Int(list[position])
            position += 1
            guard count > 0, count <= list.count - position else { return found }
            let name = String(decoding: list[position..<(position + count)], as: UTF8.self)
            found.append((name, position))
            position += count
        }
        return found
    }
}
