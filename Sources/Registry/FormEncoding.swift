// SPDX-License-Identifier: Apache-2.0
// Names and values in queries and form bodies. All characters but the unreserved ones are escaped.

import Foundation

enum FormEncoding {
    private static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
    )

    /// `a=b&c=d`.
    static func encode(_ fields: [(name: String, value: String)]) -> String {
        fields.map { escape($0.name) + "=" + escape($0.value) }.joined(separator: "&")
    }

    private static func escape(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }

    /// The address with further fields; its own stay unchanged.
    static func adding(_ fields: [(name: String, value: String)], to url: URL) -> URL? {
        guard var parts = URLComponents(url: url, resolvingAgainstBaseURL: true) else { return nil }
        let old = parts.percentEncodedQuery ?? ""
        parts.percentEncodedQuery = old.isEmpty ? encode(fields) : old + "&" + encode(fields)
        return parts.url
    }
}
