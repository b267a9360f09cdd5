// SPDX-License-Identifier: Apache-2.0
// The administrator's name and password. GatewayServer reads or makes them at the start; LoginGuard asks them.

import FoundationEssentials
import Glibc

/// One name and password, kept in DATA/secrets as OpenFaaS keeps them.
struct AdminCredentials: Sendable {
    let user: String
    private let expected: [UInt8]

    /// Bytes of a new password: 160 bits cannot be guessed.
    private static let passwordBytes = 20

    init(user: String, password: String) {
        self.user = user
        expected = Array((user + ":" + password).utf8)
    }

    /// The Authorization field of a request with these credentials.
    var authorization: String { "Basic " + Data(expected).base64EncodedString() }

    /// The password, for signatures that are made with it; nil for another user.
    func secret(of name: String) -> String? {
        guard name == user else { return nil }
        return String(decoding: expected.dropFirst(user.utf8.count + 1), as: UTF8.self)
    }

    /// The user, when an Authorization field has the correct pair (RFC 7617).
    ///
    /// Compares in a time that depends on the lengths only.
    func user(authorizing field: String?) -> String? {
        guard let field, field.utf8.count <= 4096, field.prefix(6).lowercased() == "basic ",
            let given = Data(
                base64Encoded: field.dropFirst(6).trimmingPrefix(while: { $0 == " " }).description
            )
        else { return nil }
        var difference = UInt8(given.count == expected.count ? 0 : 1)
        for (index, byte) in given.enumerated() {
            difference |= byte ^ expected[index % expected.count]
        }
        return difference == 0 ? user : nil
    }

    /// Reads both files, or makes them with a random password, mode 0600.
    ///
    /// Blocks.
    ///
    /// - Throws: ``GatewayError/credentials(path:reason:)``.
    static func load(dataDirectory: String) throws(GatewayError) -> AdminCredentials {
        let folder = dataDirectory + "/secrets"
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
            throw .credentials(path: folder, reason: String(cString: strerror(errno)))
        }
        let user = try CredentialFile.readOrMake(folder + "/basic-auth-user") { "admin" }
        let password = try CredentialFile.readOrMake(folder + "/basic-auth-password") {
            var random = SystemRandomNumberGenerator()
            return randomPassword(using: &random)
        }
        return AdminCredentials(user: user, password: password)
    }

    /// Letters and digits only, so that it survives shells and URLs.
    static func randomPassword(using random: inout some RandomNumberGenerator) -> String {
        (0..<passwordBytes).map { _ in
            let byte = String(UInt8.random(in: .min ... .max, using: &random), radix: 16)
            return byte.utf8.count == 1 ? "0" + byte : byte
        }.joined()
    }
}
