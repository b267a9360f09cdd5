// SPDX-License-Identifier: Apache-2.0
// The text of a bearer token and its hash. TokensAPI makes tokens; LoginGuard hashes what clients send.

import FoundationEssentials
import FunctionModel
import OCI

/// Tokens as text: a prefix that secret scanners can find, and 160 random bits.
enum AccessToken {
    static let prefix = "mf_"
    /// Of tokens with the scope `sandbox`: E2B's clients accept no other.
    static let sandboxPrefix = "e2b_"
    /// As E2B's clients check it.
    private static let digits = 40
    private static let idDigits = 12

    /// A new token's text.
    static func make(_ scopes: Set<TokenScope>, using random: inout some RandomNumberGenerator) -> String {
        (scopes.contains(.sandbox) ? sandboxPrefix : prefix) + hex(digits, using: &random)
    }

    /// A new token's id, which is not secret.
    static func makeID(using random: inout some RandomNumberGenerator) -> String {
        hex(idDigits, using: &random)
    }

    /// SHA-256 of a token's text.
    static func hash(_ token: some StringProtocol) -> Digest { Digest(of: token.utf8) }

    /// Whether a text has the form of a token.
    static func isToken(_ text: some StringProtocol) -> Bool {
        let rest: Substring
        if text.hasPrefix(prefix) {
            rest = Substring(text.dropFirst(prefix.count))
        } else if text.hasPrefix(sandboxPrefix) {
            rest = Substring(text.dropFirst(sandboxPrefix.count))
        } else {
            return false
        }
        return rest.utf8.count == digits
            && rest.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }

    /// The token in an Authorization field: as bearer (RFC 6750, section 2.1), or as the password of any user, for
    /// clients that know basic authentication only; nil for any other content.
    static func inField(_ field: String) -> String? {
        // A token as a password, base64, with a user of 128 bytes stays below.
        guard field.utf8.count <= 512 else { return nil }
        let scheme = field.prefix { $0 != " " }.lowercased()
        let rest = field.dropFirst(scheme.count).drop { $0 == " " }
        switch scheme {
        case "bearer": return isToken(rest) ? String(rest) : nil
        case "basic":
            guard let data = Data(base64Encoded: String(rest)),
                let pair = String(validating: data, as: UTF8.self),
                let colon = pair.firstIndex(of: ":")
            else { return nil }
            let password = pair[pair.index(after: colon)...]
            return isToken(password) ? String(password) : nil
        default: return nil
        }
    }

    private static func hex(_ count: Int, using random: inout some RandomNumberGenerator) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: (0..<count).map { _ in digits[Int(random.next() & 15)] }, as: UTF8.self)
    }
}
