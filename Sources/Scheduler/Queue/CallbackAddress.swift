// SPDX-License-Identifier: Apache-2.0
// Which addresses a caller may name in X-Callback-Url. Where they lead to is decided at each connection.

import Foundation

/// The syntax of a callback's address.
enum CallbackAddress {
    /// Longer than any address with a token in it.
    static let bytesMax = 2048

    /// Why a text is no address for a callback; nil when it is one.
    static func refusal(_ text: String) -> String? {
        guard text.utf8.count <= bytesMax else { return "it is longer than \(bytesMax) bytes" }
        guard text.utf8.allSatisfy({ (33..<127).contains($0) }), let url = URL(string: text),
            let scheme = url.scheme?.lowercased(), let host = url.host(), !host.isEmpty
        else { return "it is no URL such as https://example.org/done" }
        guard scheme == "http" || scheme == "https" else { return "its scheme is neither http nor https" }
        return nil
    }
}
