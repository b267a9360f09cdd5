// SPDX-License-Identifier: Apache-2.0
// What the fields of one head say of the message itself: host, framing, connection. ParsedHead collects them.

import HTTPTypes

/// The fields that decide how a message is read.
struct FieldFacts: Hashable, Sendable {
    private var hosts = 0
    private var hostValue: String?
    private var lengths = 0
    private var length: Int?
    private var codings: [String] = []
    private var hasCodings = false
    /// Lower-case words of all Connection fields.
    private(set) var connectionOptions: [String] = []

    /// Values of the Upgrade fields.
    private var upgrades: [String] = []

    /// A field came.
    mutating func note(_ field: HTTPField) throws(RequestRefusal) {
        switch field.name.canonicalName {
        case "host":
            hosts += 1
            hostValue = field.value
        case "content-length":
            lengths += 1
            length = Self.number(field.value.utf8)
        case "transfer-encoding":
            hasCodings = true
            codings += Self.list(field.value)
        case "connection": connectionOptions += Self.list(field.value)
        case "upgrade": upgrades.append(field.value)
        default: break
        }
    }

    var hasHost: Bool { hosts > 0 }

    /// The host that the fields name; nil when none is needed and there is none.
    func host(isHTTP10: Bool) throws(RequestRefusal) -> String? {
        guard hosts == 1 || hosts == 0 && isHTTP10, Authority.isValid((hostValue ?? "").utf8) else {
            throw .malformed(.host)
        }
        return hostValue.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// How the body is framed; what two readers could take differently is refused (RFC 9112, section 6.3).
    func framing(isHTTP10: Bool) throws(RequestRefusal) -> ParsedHead.Framing {
        guard hasCodings else {
            if lengths == 0 { return .length(0) }
            guard lengths == 1, let length else { throw .malformed(.contentLength) }
            return .length(length)
        }
        guard lengths == 0 else { throw .malformed(.bothLengths) }
        guard !isHTTP10, !codings.isEmpty, !codings.dropLast().contains("chunked") else {
            throw .malformed(.transferEncoding)
        }
        guard codings == ["chunked"] else { throw .unknownCoding }
        return .chunked
    }

    /// The protocol that the client asks for; nil for none, and for those of HTTP itself, which are not served so.
    func upgrade(isHTTP10: Bool) -> String? {
        guard !isHTTP10, connectionOptions.contains("upgrade"), upgrades.count == 1, lengths == 0,
            !hasCodings,
            let wanted = upgrades.first, !wanted.isEmpty
        else { return nil }
        let isOwn = Self.list(wanted).contains {
            $0 == "h2c" || $0.hasPrefix("tls/") || $0.hasPrefix("http/")
        }
        return isOwn ? nil : wanted
    }

    /// Whether the client wants to keep the connection (RFC 9112, section 9.3).
    func keepsAlive(isHTTP10: Bool) -> Bool {
        !connectionOptions.contains("close") && (!isHTTP10 || connectionOptions.contains("keep-alive"))
    }

    /// Digits only, and no more than any body has.
    private static func number(_ text: String.UTF8View) -> Int? {
        guard (1...18).contains(text.count) else { return nil }
        var number = 0
        for byte in text {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            number = number * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return number
    }

    /// The elements of a comma-separated list, in lower case.
    private static func list(_ text: String) -> [String] {
        text.lowercased().split(separator: ",").compactMap { element in
            let word = element.drop { $0 == " " || $0 == "\t" }
            let end = word.lastIndex { $0 != " " && $0 != "\t" }
            return end.map { String(word[...$0]) }
        }
    }
}
