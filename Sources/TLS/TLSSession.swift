// SPDX-License-Identifier: Apache-2.0
// One OpenSSL connection over buffers in memory: every call of libssl for a connection is here. TLSHandler drives it.

import COpenSSL
import NIOCore

/// An OpenSSL connection of a server; used on one event loop.
final class TLSSession {
    /// Kept for as long as the connection: its callbacks ask it.
    let context: TLSContext
    private let connection: OpaquePointer
    /// Whether the client checks a challenge: nothing follows the handshake.
    private(set) var isChallenge = false
    private let buffers = BufferBIO()

    /// Longest piece of plaintext in one record (RFC 8446, section 5.1).
    static let recordBytesMax = 16 << 10

    /// Makes a connection that waits for a client's hello.
    ///
    /// - Throws: ``TLSError/library(step:reason:)`` when memory is gone.
    init(_ context: TLSContext) throws(TLSError) {
        OpenSSLErrors.clear()
        guard let connection = context.makeConnection() else {
            throw .openSSL(step: "make a connection", reason: OpenSSLErrors.take())
        }
        guard let bio = buffers.makeBIO() else {
            SSL_free(connection)
            throw .openSSL(step: "make a connection", reason: OpenSSLErrors.take())
        }
        self.context = context
        self.connection = connection
        // Both directions are one BIO, which the connection owns from here on.
        SSL_set_bio(connection, bio, bio)
        SSL_set_ex_data(connection, 0, Unmanaged.passUnretained(self).toOpaque())
        SSL_set_accept_state(connection)
    }

    deinit { SSL_free(connection) }

    /// The session of a connection, for OpenSSL's callbacks.
    static func of(_ connection: OpaquePointer) -> TLSSession? {
        SSL_get_ex_data(connection, 0).map { Unmanaged<TLSSession>.fromOpaque($0).takeUnretainedValue() }
    }

    /// The client's first message has come; OpenSSL asks before it chooses anything.
    ///
    /// - Returns: false for a client that checks a challenge which is not open: the handshake fails.
    func acceptsHello() -> Bool {
        let alpn = TLSEXT_TYPE_application_layer_protocol_negotiation
        guard context.challenges.areOpen,
            ClientHelloFields.read(alpn, of: connection, ClientHelloFields.protocols)
                == [TLSChallenges.protocolName]
        else { return true }
        guard
            let host = ClientHelloFields.read(
                TLSEXT_TYPE_server_name,
                of: connection,
                ClientHelloFields.host
            ),
            let identity = context.challenges.identity(for: host)
        else { return false }
        // The server's own certificates must not be chosen instead; the authority has no certificate to show.
        SSL_certs_clear(connection)
        SSL_set_verify(connection, SSL_VERIFY_NONE, nil)
        isChallenge =
            SSL_use_certificate(connection, identity.chain[0]) == 1
            && SSL_use_PrivateKey(connection, identity.key) == 1
        return isChallenge
    }

    /// The protocol for a client's list; nil when none fits.
    func choose(from offered: [String]) -> String? {
        isChallenge ? TLSChallenges.protocolName : context.choose(from: offered)
    }

    /// Adds ciphertext of the client.
    func feed(_ bytes: ByteBuffer) {
        if buffers.input.readableBytes == 0 {
            buffers.input = bytes
        } else {
            buffers.input.writeImmutableBuffer(bytes)
        }
    }

    /// Takes ciphertext that has to be sent; nil when there is none.
    func takeOutput() -> ByteBuffer? {
        guard buffers.output.readableBytes > 0 else { return nil }
        defer { buffers.output = ByteBuffer() }
        return buffers.output
    }

    enum Step: Hashable {
        case done
        /// More ciphertext of the client is needed.
        case wantsInput
        /// The client's close_notify.
        case end
        case failed(reason: String)
    }

    /// Goes on with the handshake.
    func handshake() -> Step {
        OpenSSLErrors.clear()
        let result = SSL_do_handshake(connection)
        return result == 1 ? .done : step(result)
    }

    /// Whether there is ciphertext or plaintext that was not read.
    var hasInput: Bool { buffers.input.readableBytes > 0 || SSL_has_pending(connection) == 1 }

    /// Least space that is offered for plaintext: most requests need no more.
    private static let spaceBytesMin = 1024

    /// Decrypts at most one record to the end of a buffer.
    func read(into plaintext: inout ByteBuffer) -> Step {
        OpenSSLErrors.clear()
        var count = 0
        var result: Int32 = 0
        // Plaintext is shorter than its ciphertext, of which OpenSSL may hold a part already.
        let space = min(Self.recordBytesMax, max(Self.spaceBytesMin, buffers.input.readableBytes))
        plaintext.writeWithUnsafeMutableBytes(minimumWritableBytes: space) { target in
            result = SSL_read_ex(connection, target.baseAddress, target.count, &count)
            return result == 1 ? count : 0
        }
        return result == 1 ? .done : step(result)
    }

    /// Encrypts all of it.
    func write(_ plaintext: ByteBuffer) -> Step {
        var rest = plaintext
        while rest.readableBytes > 0 {
            OpenSSLErrors.clear()
            var count = 0
            var result: Int32 = 0
            rest.readWithUnsafeReadableBytes { source in
                result = SSL_write_ex(connection, source.baseAddress, source.count, &count)
                return result == 1 ? count : 0
            }
            // The buffer takes everything, so that a write waits for nothing.
            guard result == 1, count > 0 else {
                let step = step(result)
                return step == .wantsInput ? .failed(reason: "the connection cannot be written") : step
            }
        }
        return .done
    }

    /// Writes close_notify.
    func shutdown() {
        OpenSSLErrors.clear()
        // 0 says that the client's is still to come; an error leaves nothing to send.
        _ = SSL_shutdown(connection)
        OpenSSLErrors.clear()
    }

    private func step(_ result: Int32) -> Step {
        switch SSL_get_error(connection, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .wantsInput
        case SSL_ERROR_ZERO_RETURN: return .end
        default: return .failed(reason: OpenSSLErrors.take())
        }
    }

    /// The protocol that ALPN chose; nil when the client did not ask.
    var applicationProtocol: String? {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(connection, &name, &count)
        guard let name, count > 0 else { return nil }
        return String(decoding: UnsafeBufferPointer(start: name, count: Int(count)), as: UTF8.self)
    }
}
