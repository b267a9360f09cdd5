// SPDX-License-Identifier: Apache-2.0
// A certificate chain with its private key, parsed from PEM files. TLSServer makes them; TLSContext uses them.

import COpenSSL
import Glibc

/// A PEM file that was read.
package struct PEMFile: Sendable {
    /// Longest file in bytes: chains of certificates take some KiB, all public roots together 200.
    package static let bytesMax = 1 << 20

    /// For messages.
    package var path: String
    package var bytes: [UInt8]

    package init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }

    /// Calls with a BIO that holds the bytes; it must not be used later.
    func withBIO<Value>(_ body: (OpaquePointer) throws(TLSError) -> Value) throws(TLSError) -> Value {
        guard bytes.count <= Self.bytesMax else { throw .tooLarge(path: path, bytesMax: Self.bytesMax) }
        guard let bio = BIO_new(BIO_s_mem()) else {
            throw .openSSL(step: "read \(path)", reason: OpenSSLErrors.take())
        }
        defer { BIO_free(bio) }
        guard bytes.isEmpty || BIO_write(bio, bytes, Int32(bytes.count)) == Int32(bytes.count) else {
            throw .openSSL(step: "read \(path)", reason: OpenSSLErrors.take())
        }
        return try body(bio)
    }

    /// Every certificate of the file, in its order; the caller frees them.
    func certificates() throws(TLSError) -> [OpaquePointer] {
        try withBIO { bio throws(TLSError) in
            OpenSSLErrors.clear()
            var found: [OpaquePointer] = []
            while let certificate = PEM_read_bio_X509(bio, nil, nil, nil) { found.append(certificate) }
            let code = ERR_peek_last_error()
            let isEnd = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE
            guard isEnd || code == 0 else {
                found.forEach { X509_free($0) }
                throw .badCertificate(path: path, reason: OpenSSLErrors.take())
            }
            OpenSSLErrors.clear()
            guard !found.isEmpty else { throw .noCertificate(path: path) }
            return found
        }
    }
}

/// A certificate that a server shows, and its key; owns both.
// SAFETY: nothing changes the structures after init, and OpenSSL counts references atomically.
final class TLSIdentity: @unchecked Sendable {
    /// The server's own certificate first, then those that lead to a root.
    let chain: [OpaquePointer]
    let key: OpaquePointer
    let certificatePath: String
    let keyPath: String
    /// Unix time.
    let validFrom: Int64
    let validUntil: Int64

    /// Parses both files and checks that they belong together.
    init(certificate: PEMFile, key keyFile: PEMFile) throws(TLSError) {
        certificatePath = certificate.path
        keyPath = keyFile.path
        chain = try certificate.certificates()
        do throws(TLSError) {
            key = try Self.key(keyFile)
        } catch {
            chain.forEach { X509_free($0) }
            throw error
        }
        validFrom = Self.seconds(X509_get0_notBefore(chain[0]))
        validUntil = Self.seconds(X509_get0_notAfter(chain[0]))
        OpenSSLErrors.clear()
        guard X509_check_private_key(chain[0], key) == 1 else {
            OpenSSLErrors.clear()
            throw .mismatch(certificate: certificatePath, key: keyPath)
        }
    }

    deinit {
        chain.forEach { X509_free($0) }
        EVP_PKEY_free(key)
    }

    private static func key(_ file: PEMFile) throws(TLSError) -> OpaquePointer {
        try file.withBIO { bio throws(TLSError) in
            OpenSSLErrors.clear()
            var wasAsked = false
            // Without a callback OpenSSL would ask for a passphrase on the terminal.
            let key = withUnsafeMutablePointer(to: &wasAsked) { asked in
                PEM_read_bio_PrivateKey(
                    bio,
                    nil,
                    { _, _, _, asked in
                        asked?.assumingMemoryBound(to: Bool.self).pointee = true
                        return -1
                    },
                    asked
                )
            }
            if let key { return key }
            // OpenSSL 3 reports a file without a key as unsupported, as it does a key of an unknown kind.
            let isMissing = !String(decoding: file.bytes, as: UTF8.self).contains("PRIVATE KEY-----")
            let reason = OpenSSLErrors.take()
            if wasAsked {
                throw .badKey(path: file.path, reason: "it is encrypted; store it without passphrase")
            }
            throw .badKey(path: file.path, reason: isMissing ? "there is none in PEM form" : reason)
        }
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64 {
        var parts = tm()
        guard ASN1_TIME_to_tm(time, &parts) == 1 else { return 0 }
        return Int64(timegm(&parts))
    }

    /// Whether the certificate is for a host name, by exact name or wildcard (RFC 6125).
    func covers(_ name: UnsafePointer<CChar>, count: Int) -> Bool {
        X509_check_host(chain[0], name, count, 0, nil) == 1
    }

    /// Whether the certificate is for a host name or an address.
    func covers(_ host: String) -> Bool {
        // OpenSSL reads a leading dot as "any name below".
        guard !host.isEmpty, !host.hasPrefix("."), !host.utf8.contains(0) else { return false }
        if X509_check_ip_asc(chain[0], host, 0) == 1 { return true }
        return host.withCString { covers($0, count: host.utf8.count) }
    }

    /// What an operator should know of the certificate's dates.
    ///
    /// - Parameter nowSeconds: Unix time.
    /// - Returns: nil when clients accept them.
    func warning(nowSeconds: Int64) -> TLSWarning? {
        if nowSeconds < validFrom { return .notYetValid(path: certificatePath, seconds: validFrom) }
        if nowSeconds >= validUntil { return .expired(path: certificatePath, seconds: validUntil) }
        return nil
    }
}

/// A certificate that is used, although clients will refuse it.
package enum TLSWarning: Hashable, Sendable, CustomStringConvertible {
    case expired(path: String, seconds: Int64)
    case notYetValid(path: String, seconds: Int64)

    package var description: String {
        switch self {
        case .expired(let path, let seconds):
            "the certificate in \(path) expired on \(Self.date(seconds)): clients refuse it"
        case .notYetValid(let path, let seconds):
            "the certificate in \(path) is not valid before \(Self.date(seconds)): clients refuse it"
        }
    }

    private static func date(_ seconds: Int64) -> String {
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
    }
}
