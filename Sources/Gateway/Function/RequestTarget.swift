// SPDX-License-Identifier: Apache-2.0
// Splits a request line's target into path and query, without decoding. Edge makes one per request.

import Contracts

/// Path and query of a request (RFC 9112, section 3.2).
struct RequestTarget: Sendable {
    /// Starts with `/`, or is `*`; letters, digits and `-._~` are decoded, however they were sent.
    let path: Substring
    /// After the first `?`; nil when there is none.
    let query: Substring?

    /// Accepts origin form, absolute form and `*`.
    ///
    /// - Returns: nil for a target that is none of these.
    init?(_ text: String) {
        var rest = text[...]
        if rest.utf8.first != UInt8(ascii: "/") {
            if rest == "*" {
                path = rest
                query = nil
                return
            }
            guard let absolute = Self.withoutAuthority(rest) else { return nil }
            rest = absolute
        }
        // A fragment has no place in a request line; some clients send one nevertheless.
        if let fragment = rest.utf8.firstIndex(of: UInt8(ascii: "#")) { rest = rest[..<fragment] }
        guard let mark = rest.utf8.firstIndex(of: UInt8(ascii: "?")) else {
            path = PercentDecoding.normalized(rest)
            query = nil
            return
        }
        path = PercentDecoding.normalized(rest[..<mark])
        query = rest[rest.utf8.index(after: mark)...]
    }

    private static func withoutAuthority(_ text: Substring) -> Substring? {
        let scheme = text.prefix(8).lowercased()
        let skipped = scheme.hasPrefix("http://") ? 7 : scheme == "https://" ? 8 : 0
        guard skipped > 0 else { return nil }
        let afterScheme = text.utf8.index(text.utf8.startIndex, offsetBy: skipped)
        let slash = text.utf8[afterScheme...].firstIndex(of: UInt8(ascii: "/"))
        return slash.map { text[$0...] } ?? "/"
    }
}
