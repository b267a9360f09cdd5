// SPDX-License-Identifier: Apache-2.0
// A TLS client of OpenSSL's over memory, which a test moves bytes for: in whole, in pieces, damaged.

import COpenSSL
import NIOCore
import NIOEmbedded

@testable import TLS

/// What a client may ask for.
struct ClientOptions {
    var versionMax = TLS1_3_VERSION
    var name: String?
    var protocols: [String] = []
    var ciphers: String?
    /// A session of an earlier connection.
    var session: OpaquePointer?
    var certificate: PEMFile?
    var key: PEMFile?
}

/// One client connection; trusts every certificate.
final class TestClient {
    let connection: OpaquePointer
    private let context: OpaquePointer
    private let input: OpaquePointer
    private let output: OpaquePointer

    struct Failure: Error { var reason: String }

    init(_ options: ClientOptions = ClientOptions()) throws {
        guard let context = SSL_CTX_new(TLS_client_method()) else { throw Failure(reason: "context") }
        self.context = context
        copenssl_set_modes(context)
        _ = copenssl_set_version_max(context, options.versionMax)
        if let ciphers = options.ciphers { SSL_CTX_set_cipher_list(context, ciphers) }
        if let certificate = options.certificate, let key = options.key {
            let identity = try TLSIdentity(certificate: certificate, key: key)
            SSL_CTX_use_certificate(context, identity.chain[0])
            SSL_CTX_use_PrivateKey(context, identity.key)
        }
        guard let connection = SSL_new(context), let input = BIO_new(BIO_s_mem()),
            let output = BIO_new(BIO_s_mem())
        else { throw Failure(reason: "connection") }
        (self.connection, self.input, self.output) = (connection, input, output)
        SSL_set_bio(connection, input, output)
        SSL_set_connect_state(connection)
        if let name = options.name { _ = copenssl_set_client_name(connection, name) }
        if let session = options.session { SSL_set_session(connection, session) }
        let list = options.protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        if !list.isEmpty { SSL_set_alpn_protos(connection, list, UInt32(list.count)) }
    }

    deinit {
        SSL_free(connection)
        SSL_CTX_free(context)
    }

    /// Gives ciphertext of the server.
    func feed(_ bytes: [UInt8]) { if !bytes.isEmpty { BIO_write(input, bytes, Int32(bytes.count)) } }

    /// Takes ciphertext for the server.
    func take() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(BIO_ctrl_pending(output)))
        if !bytes.isEmpty { BIO_read(output, &bytes, Int32(bytes.count)) }
        return bytes
    }

    /// Goes on with the handshake; whether it is complete.
    func handshake() -> Bool {
        ERR_clear_error()
        return SSL_do_handshake(connection) == 1
    }

    func write(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            ERR_clear_error()
            let count = rest.withUnsafeBytes { SSL_write(connection, $0.baseAddress, Int32($0.count)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(Int(count))
        }
        return true
    }

    /// Everything that has come and can be decrypted.
    func read() -> [UInt8] {
        var all: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            ERR_clear_error()
            let count = SSL_read(connection, &piece, Int32(piece.count))
            guard count > 0 else { return all }
            all += piece[..<Int(count)]
        }
    }

    /// Whether the server's close_notify has come.
    var hasEnd: Bool { SSL_get_shutdown(connection) & SSL_RECEIVED_SHUTDOWN != 0 }
    var isResumed: Bool { SSL_session_reused(connection) == 1 }
    var version: String { String(cString: SSL_get_version(connection)) }

    var chosenProtocol: String? {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(connection, &name, &count)
        guard let name, count > 0 else { return nil }
        return String(decoding: UnsafeBufferPointer(start: name, count: Int(count)), as: UTF8.self)
    }

    /// The common name of the server's certificate.
    var serverName: String {
        guard let certificate = SSL_get1_peer_certificate(connection) else { return "" }
        defer { X509_free(certificate) }
        var text = [CChar](repeating: 0, count: 128)
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, &text, 128)
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
