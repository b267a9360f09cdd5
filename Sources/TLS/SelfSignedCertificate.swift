// SPDX-License-Identifier: Apache-2.0
// A certificate that signs itself, for a gateway without one of an authority. Server stores it in the data folder.

import COpenSSL

/// A new key and a certificate for it, as PEM.
package struct SelfSignedCertificate: Sendable {
    /// Seconds for which one is valid: clients refuse certificates of more than 825 days.
    package static let lifetimeSeconds: Int64 = 365 * 24 * 60 * 60

    package let certificate: [UInt8]
    package let key: [UInt8]

    /// Makes a key on P-256 and its certificate; takes a few milliseconds.
    ///
    /// - Parameters:
    ///   - names: host names.
    ///   - addresses: IPv4 and IPv6 addresses as text.
    ///   - validFrom: seconds from now; negative for clocks that are behind.
    ///   - validUntil: seconds from now.
    ///   - usage: extended key usage, as OpenSSL writes it.
    ///   - challengeDigest: for a certificate that answers an authority's challenge: 32 bytes (RFC 8737, section 3).
    /// - Throws: ``TLSError/library(step:reason:)``.
    package init(
        names: [String],
        addresses: [String],
        validFrom: Int64 = -24 * 60 * 60,
        validUntil: Int64 = lifetimeSeconds,
        usage: String = "serverAuth",
        challengeDigest: [UInt8]? = nil
    ) throws(TLSError) {
        OpenSSLErrors.clear()
        guard let pair = copenssl_make_p256() else { throw Self.failure("make a key") }
        defer { EVP_PKEY_free(pair) }
        guard let draft = X509_new() else { throw Self.failure("make a certificate") }
        defer { X509_free(draft) }
        var serial: UInt64 = 0
        let isRandom = withUnsafeMutableBytes(of: &serial) {
            RAND_bytes($0.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32($0.count)) == 1
        }
        guard isRandom, X509_set_version(draft, Self.version3) == 1,
            ASN1_INTEGER_set_uint64(X509_get_serialNumber(draft), serial >> 1) == 1,
            X509_gmtime_adj(X509_getm_notBefore(draft), Int(validFrom)) != nil,
            X509_gmtime_adj(X509_getm_notAfter(draft), Int(validUntil)) != nil,
            X509_set_pubkey(draft, pair) == 1
        else { throw Self.failure("fill a certificate") }
        let subject = X509_get_subject_name(draft)
        let title = Array((names.first ?? addresses.first ?? "localhost").utf8.prefix(Self.titleBytesMax))
        guard
            X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, title, Int32(title.count), -1, 0) == 1,
            X509_set_issuer_name(draft, subject) == 1
        else { throw Self.failure("name a certificate") }
        let alternatives = names.map { "DNS:" + $0 } + addresses.map { "IP:" + $0 }
        try Self.add(NID_subject_alt_name, alternatives.joined(separator: ","), to: draft)
        try Self.add(NID_basic_constraints, "critical,CA:FALSE", to: draft)
        try Self.add(NID_ext_key_usage, usage, to: draft)
        if let challengeDigest { try Self.add(challengeDigest, to: draft) }
        guard X509_sign(draft, pair, EVP_sha256()) > 0 else { throw Self.failure("sign a certificate") }
        certificate = try Self.text { PEM_write_bio_X509($0, draft) == 1 }
        key = try Self.text { PEM_write_bio_PrivateKey($0, pair, nil, nil, 0, nil, nil) == 1 }
    }

    /// The number that stands for X.509 version 3.
    private static let version3 = 2
    /// Longest common name (RFC 5280, appendix A).
    private static let titleBytesMax = 64

    private static func failure(_ step: String) -> TLSError {
        .openSSL(step: step, reason: OpenSSLErrors.take())
    }

    private static func add(_ kind: Int32, _ value: String, to certificate: OpaquePointer) throws(TLSError) {
        var context = X509V3_CTX()
        copenssl_extension_context(&context, certificate)
        guard let part = X509V3_EXT_conf_nid(nil, &context, kind, value) else {
            throw failure("write '\(value)' into a certificate")
        }
        defer { X509_EXTENSION_free(part) }
        guard X509_add_ext(certificate, part, -1) == 1 else { throw failure("extend a certificate") }
    }

    /// acmeIdentifier: critical, a DER OCTET STRING of the digest (RFC 8737, section 3).
    private static func add(_ digest: [UInt8], to certificate: OpaquePointer) throws(TLSError) {
        var context = X509V3_CTX()
        copenssl_extension_context(&context, certificate)
        let bytes = [octetString, UInt8(digest.count)] + digest
        let value =
            "critical,DER:"
            + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
        guard let part = X509V3_EXT_conf(nil, &context, "1.3.6.1.5.5.7.1.31", value) else {
            throw failure("write a challenge into a certificate")
        }
        defer { X509_EXTENSION_free(part) }
        guard X509_add_ext(certificate, part, -1) == 1 else { throw failure("extend a certificate") }
    }

    /// DER's tag of an OCTET STRING.
    private static let octetString: UInt8 = 4

    private static func text(_ write: (OpaquePointer) -> Bool) throws(TLSError) -> [UInt8] {
        guard let bio = BIO_new(BIO_s_mem()) else { throw failure("write a certificate") }
        defer { BIO_free(bio) }
        guard write(bio) else { throw failure("write a certificate") }
        var bytes = [UInt8](repeating: 0, count: Int(BIO_ctrl_pending(bio)))
        guard BIO_read(bio, &bytes, Int32(bytes.count)) == Int32(bytes.count) else {
            throw failure("write a certificate")
        }
        return bytes
    }
}
