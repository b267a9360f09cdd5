// SPDX-License-Identifier: Apache-2.0
// The files of one authority in the data folder: account, certificates with their keys, failed attempts. Blocking;
// CertificateRenewal drives it, Server reads where certificates are.

package import Foundation
package import TLS

/// `DATA/tls/acme/AUTHORITY`: one folder for each directory address, so that certificates of a test are not served
/// later as an authority's.
package struct ACMEFiles: Sendable {
    private let folder: String

    /// Longest file that is read back.
    private static let bytesMax = PEMFile.bytesMax

    /// - Parameters:
    ///   - dataDirectory: DATA.
    ///   - authority: address of the directory.
    package init(dataDirectory: String, authority: URL) {
        let text = authority.absoluteString
        let name = text.split(separator: "://", maxSplits: 1).last ?? ""
        let readable = String(name.prefix(60)).map {
            $0.isASCII && ($0.isLetter || $0.isNumber || $0 == ".") ? $0 : "-"
        }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        // FNV-1a: only tells apart addresses whose readable part is the same.
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        folder = "\(dataDirectory)/tls/acme/\(String(readable))-\(String(hash, radix: 16))"
    }

    /// The account at the authority.
    struct Account: Sendable {
        var key: AccountKey
        /// Nil before the authority has given one.
        var address: String?
    }

    private var keyPath: String { folder + "/account.key" }
    private var addressPath: String { folder + "/account.url" }
    private func attemptsPath(_ domain: String) -> String { "\(folder)/\(domain).attempts" }

    /// Certificate chain and key of a domain, in one file: both are replaced in one step.
    package func certificatePath(_ domain: String) -> String { "\(folder)/\(domain).pem" }

    /// The certificate of a domain that can be served; nil when there is none.
    ///
    /// - Throws: ``TLSError`` when there is one that cannot be used.
    package func certificate(_ domain: String) throws(TLSError) -> TLSPairFacts? {
        let path = certificatePath(domain)
        guard let bytes = FileManager.default.contents(atPath: path) else { return nil }
        let file = PEMFile(path: path, bytes: Array(bytes))
        return try TLSPair(certificate: file, key: file).facts()
    }

    /// Replaces the certificate of a domain.
    ///
    /// - Throws: ``ACMEError/storage(reason:)``.
    func store(_ pair: TLSPair, for domain: String) throws(ACMEError) {
        try write(pair.certificate.bytes + pair.key.bytes, to: certificatePath(domain))
    }

    /// The stored account, or one with a new key, which is stored.
    ///
    /// - Throws: ``ACMEError``.
    func account() throws(ACMEError) -> Account {
        if let pem = FileManager.default.contents(atPath: keyPath) {
            let address = FileManager.default.contents(atPath: addressPath)
            do throws(ACMEError) {
                return Account(
                    key: try AccountKey(pem: Array(pem.prefix(Self.bytesMax))),
                    address: address.map { String(decoding: $0, as: UTF8.self) }
                )
            } catch {
                throw .storage(reason: "\(keyPath) cannot be used: \(error)")
            }
        }
        let key = try AccountKey()
        try write(try key.pem(), to: keyPath)
        return Account(key: key, address: nil)
    }

    /// Keeps the account's address; nil forgets it, for an authority that does not know it any more.
    ///
    /// - Throws: ``ACMEError/storage(reason:)``.
    func storeAccount(_ address: String?) throws(ACMEError) {
        guard let address else {
            unlink(addressPath)
            return
        }
        try write(Array(address.utf8), to: addressPath)
    }

    /// Failed attempts of an earlier process; none when they cannot be read.
    func attempts(_ domain: String) -> FailedAttempts {
        guard let bytes = FileManager.default.contents(atPath: attemptsPath(domain)) else {
            return FailedAttempts()
        }
        return (try? JSONDecoder().decode(FailedAttempts.self, from: bytes)) ?? FailedAttempts()
    }

    /// Keeps failed attempts; none removes the file.
    ///
    /// - Throws: ``ACMEError/storage(reason:)``.
    func store(_ attempts: FailedAttempts, for domain: String) throws(ACMEError) {
        guard attempts.count > 0 else {
            unlink(attemptsPath(domain))
            return
        }
        try write(Array(try JOSE.json(attempts)), to: attemptsPath(domain))
    }

    private func write(_ bytes: [UInt8], to path: String) throws(ACMEError) {
        do throws(TLSError) {
            try DurableFile.write(bytes, to: path, creating: 3)
        } catch {
            throw .storage(reason: error.description)
        }
    }
}
