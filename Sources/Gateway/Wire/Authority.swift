// SPDX-License-Identifier: Apache-2.0
// Host names with ports, as Host and targets carry them (RFC 3986, section 3.2). The parser and the guards use it.

/// `host`, `host:port`, `[ipv6]:port`.
enum Authority {
    /// Whether it is a host with an optional port, and nothing else: no user, no path, no space.
    static func isValid(_ text: some BidirectionalCollection<UInt8>) -> Bool {
        let colon = UInt8(ascii: ":")
        guard text.first == UInt8(ascii: "[") else {
            guard let split = text.firstIndex(of: colon) else { return text.allSatisfy(isName) }
            return split != text.startIndex && text[..<split].allSatisfy(isName)
                && isPort(text[text.index(after: split)...])
        }
        guard let close = text.firstIndex(of: UInt8(ascii: "]")) else { return false }
        let address = text[text.index(after: text.startIndex)..<close]
        guard !address.isEmpty, address.allSatisfy({ isName($0) || $0 == colon }) else { return false }
        let rest = text[text.index(after: close)...]
        return rest.isEmpty || rest.first == colon && isPort(rest.dropFirst())
    }

    private static func isPort(_ text: some Collection<UInt8>) -> Bool {
        text.count <= 5 && text.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    }

    /// Unreserved characters, percent-encodings and sub-delimiters.
    private static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"), UInt8(ascii: "%"), UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&"),
            UInt8(ascii: "'"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "*"), UInt8(ascii: "+"),
            UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "="):
            true
        default: false
        }
    }
}
