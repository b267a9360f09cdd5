// SPDX-License-Identifier: Apache-2.0
// A new key and the request to certify it for one name (PKCS #10). CertificateIssuer makes one for each order.

import COpenSSL

/// What an order is finalized with.
struct SigningRequest: Sendable {
    /// PEM, unencrypted.
    let key: [UInt8]
    /// DER.
    let request: [UInt8]

    /// Makes a key on P-256; takes a few milliseconds.
    ///
    /// - Parameter domain: letters, digits, hyphens and dots.
    /// - Throws: ``ACMEError/openSSL(step:)``.
    init(for domain: String) throws(ACMEError) {
        let failure = ACMEError.openSSL(step: "make a signing request")
        guard let pair = copenssl_make_p256() else { throw failure }
        defer { EVP_PKEY_free(pair) }
        guard let draft = X509_REQ_new() else { throw failure }
        defer { X509_REQ_free(draft) }
        guard X509_REQ_set_version(draft, 0) == 1, X509_REQ_set_pubkey(draft, pair) == 1,
            copenssl_add_request_names(draft, "DNS:" + domain) == 1,
            X509_REQ_sign(draft, pair, EVP_sha256()) > 0
        else {
            ERR_clear_error()
            throw failure
        }
        var bytes = [UInt8](repeating: 0, count: Int(max(0, i2d_X509_REQ(draft, nil))))
        let count = bytes.withUnsafeMutableBufferPointer { buffer in
            var place = buffer.baseAddress
            return i2d_X509_REQ(draft, &place)
        }
        guard count > 0, count == bytes.count else { throw failure }
        request = bytes
        key = try PrivateKeyText.pem(pair)
    }
}
