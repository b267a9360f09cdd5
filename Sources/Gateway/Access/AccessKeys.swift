// SPDX-License-Identifier: Apache-2.0
// The secrets that tokens sign with: a signature needs one that the gateway knows, and tokens are stored hashed.
// LoginGuard asks.

import FoundationEssentials
import FunctionModel

/// Derives the secret access key of each token from the token's hash and one key of this gateway.
///
/// Neither the database nor the key file alone gives away a secret, and a token's text cannot be found from it.
struct AccessKeys: Sendable {
    /// Bytes of the key: as many as the hash that it goes into.
    private static let keyBytes = 32
    /// In front of the hash: the key may have other uses one day.
    private static let purpose = "mayfly aws4 secret access key\n"

    private let key: [UInt8]

    init(key: [UInt8]) { self.key = key }

    /// The secret access key that belongs to a token.
    func secret(of tokenHash: Digest) -> String {
        var code = WebhookMAC(key: key)
        code.update(Array((Self.purpose + tokenHash.hex).utf8))
        return code.finish()
    }

    /// Reads the key, or makes it at the first start: DATA/secrets/access-key-seed, mode 0600.
    ///
    /// Blocks.
    ///
    /// - Throws: ``GatewayError/credentials(path:reason:)``.
    static func load(dataDirectory: String) throws(GatewayError) -> AccessKeys {
        let path = dataDirectory + "/secrets/access-key-seed"
        let line = try CredentialFile.readOrMake(path) {
            var random = SystemRandomNumberGenerator()
            return Data((0..<keyBytes).map { _ in UInt8.random(in: .min ... .max, using: &random) })
                .base64EncodedString()
        }
        guard let key = Data(base64Encoded: line), key.count == keyBytes else {
            throw .credentials(path: path, reason: "it is not a key; remove it to get a new one")
        }
        return AccessKeys(key: Array(key))
    }
}
