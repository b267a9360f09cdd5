// SPDX-License-Identifier: Apache-2.0
// Reads WWW-Authenticate (RFC 9110, section 11.6.1): several challenges in one header, quoted commas,
// token68. The registry session uses it after every 401.

/// One way to authenticate that a server offers.
struct AuthChallenge: Hashable, Sendable {
    /// Lower case, for example `bearer`.
    var scheme: String
    /// Names in lower case; of equal names the first counts.
    var parameters: [String: String]

    /// A longer header is cut: no registry needs more than a few hundred bytes.
    static let headerBytesMax = 8192
    /// Challenges beyond these are ignored.
    static let challengesMax = 16

    /// Every well-formed challenge; a header that violates the grammar is read up to the violation.
    static func parse(_ header: String) -> [AuthChallenge] {
        var reader = Reader(bytes: Array(header.utf8.prefix(headerBytesMax)))
        var challenges: [AuthChallenge] = []
        while challenges.count < challengesMax {
            reader.skipSeparators()
            guard let word = reader.token() else { break }
            if challenges.isEmpty || !reader.isAtValue {
                challenges.append(AuthChallenge(scheme: word.lowercased(), parameters: [:]))
                reader.skipToken68()
            } else {
                guard let value = reader.value() else { break }
                let last = challenges.count - 1
                let name = word.lowercased()
                if challenges[last].parameters[name] == nil { challenges[last].parameters[name] = value }
            }
        }
        return challenges
    }

    /// A cursor over the header's bytes.
    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

        private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

        /// RFC 9110, section 5.6.2, `tchar`.
        private static func isTokenCharacter(_ byte: UInt8) -> Bool {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
        }

        mutating func skipSpaces() {
            while let byte = current, Self.isSpace(byte) { position += 1 }
        }

        mutating func skipSeparators() {
            while let byte = current, Self.isSpace(byte) || byte == UInt8(ascii: ",") { position += 1 }
        }

        mutating func token() -> String? {
            let start = position
            while let byte = current, Self.isTokenCharacter(byte) { position += 1 }
            return position > start ? String(decoding: bytes[start..<position], as: UTF8.self) : nil
        }

        /// Whether `=` comes next, with optional white space before it.
        var isAtValue: Bool {
            var ahead = self
            ahead.skipSpaces()
            return ahead.current == UInt8(ascii: "=")
        }

        /// Reads `=` and a token or quoted string.
        mutating func value() -> String? {
            skipSpaces()
            guard current == UInt8(ascii: "=") else { return nil }
            position += 1
            skipSpaces()
            guard current == UInt8(ascii: "\"") else { return token() }
            position += 1
            var text: [UInt8] = []
            while let byte = current {
                position += 1
                if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
                if byte == UInt8(ascii: "\\"), let escaped = current {
                    text.append(escaped)
                    position += 1
                } else {
                    text.append(byte)
                }
            }
            return nil
        }

        /// Skips the token68 that a scheme such as Negotiate has instead of parameters.
        mutating func skipToken68() {
            var ahead = self
            ahead.skipSpaces()
            guard ahead.position > position else { return }
            while let byte = ahead.current, Self.isTokenCharacter(byte) || byte == UInt8(ascii: "/") {
                ahead.position += 1
            }
            while ahead.current == UInt8(ascii: "=") { ahead.position += 1 }
            ahead.skipSpaces()
            if ahead.current == nil || ahead.current == UInt8(ascii: ",") { position = ahead.position }
        }
    }
}
