// SPDX-License-Identifier: Apache-2.0
// Signed requests (RFC 7515) and what a challenge is answered with (RFC 8555, section 8.1). ACMEClient drives it.

import COpenSSL
import Foundation

/// Signatures of one account.
struct JOSE: Sendable {
    let key: AccountKey

    /// Who signs: a new account shows its key, a known one its address.
    enum Signer: Hashable, Sendable {
        case key
        case account(String)
    }

    private struct Protected: Encodable {
        var alg = "ES256"
        var nonce: String
        var url: String
        var jwk: PublicKey?
        var kid: String?
    }

    /// The members in the order that a thumbprint needs (RFC 7638, section 3).
    private struct PublicKey: Encodable {
        var crv = "P-256"
        var kty = "EC"
        var x: String
        var y: String
    }

    private struct Signed: Encodable {
        var protected: String
        var payload: String
        var signature: String
    }

    /// The body of a request.
    ///
    /// - Parameters:
    ///   - payload: JSON; nil reads what is at the address (POST-as-GET).
    ///   - url: where it is sent.
    ///   - nonce: of the authority, used once.
    ///   - signer: the key or the account.
    /// - Returns: JSON.
    /// - Throws: ``ACMEError/openSSL(step:)``.
    func request(_ payload: Data?, to url: URL, nonce: String, by signer: Signer) throws(ACMEError) -> Data {
        var head = Protected(nonce: nonce, url: url.absoluteString)
        switch signer {
        case .key: head.jwk = publicKey
        case .account(let address): head.kid = address
        }
        let protected = Base64URL.text(try Self.json(head))
        let body = Base64URL.text(payload ?? Data())
        let signature = try key.signature(of: Array("\(protected).\(body)".utf8))
        return try Self.json(
            Signed(protected: protected, payload: body, signature: Base64URL.text(signature))
        )
    }

    /// What the authority expects for a token.
    ///
    /// - Throws: ``ACMEError/openSSL(step:)``.
    func keyAuthorization(_ token: String) throws(ACMEError) -> String {
        let thumbprint = try Self.sha256(Array(try Self.json(publicKey)))
        return token + "." + Base64URL.text(thumbprint)
    }

    private var publicKey: PublicKey { PublicKey(x: Base64URL.text(key.x), y: Base64URL.text(key.y)) }

    /// Sorted, without spaces.
    static func json(_ value: some Encodable) throws(ACMEError) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do { return try encoder.encode(value) } catch { throw .malformed(what: "\(error)") }
    }

    static func sha256(_ bytes: [UInt8]) throws(ACMEError) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        guard EVP_Digest(bytes, bytes.count, &digest, nil, EVP_sha256(), nil) == 1 else {
            throw .openSSL(step: "hash")
        }
        return digest
    }
}
