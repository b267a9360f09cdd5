// SPDX-License-Identifier: Apache-2.0
// The key that signs every request to an authority: ES256 over P-256, by OpenSSL. JOSE uses it; ACMEFiles keeps it.

import COpenSSL

/// An account's key.
// SAFETY: nothing changes the key after init, and signing makes a context of its own.
final class AccountKey: @unchecked Sendable {
    private let key: OpaquePointer
    /// The public point, 32 bytes each.
    let x: [UInt8]
    let y: [UInt8]

    /// Bytes of a coordinate, and of each half of a signature.
    private static let partBytes = 32

    /// Makes a new key.
    ///
    /// - Throws: ``ACMEError/openSSL(step:)``.
    convenience init() throws(ACMEError) {
        guard let key = copenssl_make_p256() else { throw .openSSL(step: "make a key") }
        try self.init(owning: key)
    }

    /// Reads a key of ``pem()``.
    ///
    /// - Throws: ``ACMEError/storage(reason:)`` when it is none.
    convenience init(pem: [UInt8]) throws(ACMEError) {
        guard let bio = BIO_new_mem_buf(pem, Int32(pem.count)) else { throw .openSSL(step: "read a key") }
        defer { BIO_free(bio) }
        // Without a callback OpenSSL would ask for a passphrase on the terminal.
        guard let key = PEM_read_bio_PrivateKey(bio, nil, { _, _, _, _ in -1 }, nil) else {
            ERR_clear_error()
            throw .storage(reason: "the account's key is none in PEM form")
        }
        try self.init(owning: key)
    }

    private init(owning key: OpaquePointer) throws(ACMEError) {
        var point = [UInt8](repeating: 0, count: 1 + 2 * Self.partBytes)
        var count = 0
        guard EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, &point, point.count, &count) == 1,
            count == point.count, point[0] == Self.uncompressed
        else {
            EVP_PKEY_free(key)
            ERR_clear_error()
            throw .storage(reason: "the account's key is not of the curve P-256")
        }
        self.key = key
        x = Array(point[1...Self.partBytes])
        y = Array(point[(1 + Self.partBytes)...])
    }

    deinit { EVP_PKEY_free(key) }

    /// The first byte of a point that has both coordinates (SEC 1, section 2.3.3).
    private static let uncompressed: UInt8 = 4

    /// The private key, unencrypted.
    ///
    /// - Throws: ``ACMEError/openSSL(step:)``.
    func pem() throws(ACMEError) -> [UInt8] { try PrivateKeyText.pem(key) }

    /// Signs with SHA-256; both halves in their fixed length, as JOSE wants them (RFC 7518, section 3.4).
    ///
    /// - Throws: ``ACMEError/openSSL(step:)``.
    func signature(of bytes: [UInt8]) throws(ACMEError) -> [UInt8] {
        let failure = ACMEError.openSSL(step: "sign a request")
        guard let context = EVP_MD_CTX_new() else { throw failure }
        defer { EVP_MD_CTX_free(context) }
        var count = 0
        guard EVP_DigestSignInit(context, nil, EVP_sha256(), nil, key) == 1,
            EVP_DigestSign(context, nil, &count, bytes, bytes.count) == 1
        else { throw failure }
        var encoded = [UInt8](repeating: 0, count: count)
        var halves = [UInt8](repeating: 0, count: 2 * Self.partBytes)
        guard EVP_DigestSign(context, &encoded, &count, bytes, bytes.count) == 1,
            copenssl_split_signature(encoded, count, &halves, Int32(Self.partBytes)) == 1
        else { throw failure }
        return halves
    }
}

/// A key as it is stored.
enum PrivateKeyText {
    /// PEM, unencrypted.
    static func pem(_ key: OpaquePointer) throws(ACMEError) -> [UInt8] {
        guard let bio = BIO_new(BIO_s_mem()) else { throw .openSSL(step: "write a key") }
        defer { BIO_free(bio) }
        guard PEM_write_bio_PrivateKey(bio, key, nil, nil, 0, nil, nil) == 1 else {
            throw .openSSL(step: "write a key")
        }
        var bytes = [UInt8](repeating: 0, count: Int(BIO_ctrl_pending(bio)))
        guard BIO_read(bio, &bytes, Int32(bytes.count)) == Int32(bytes.count) else {
            throw .openSSL(step: "write a key")
        }
        return bytes
    }
}
