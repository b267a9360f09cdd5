// SPDX-License-Identifier: Apache-2.0
// Header fields as environment variables, and the fields that are omitted. RequestVariables calls it.

import HTTPTypes

extension RequestVariables {
    /// Never variables: matters between client and gateway (RFC 9110, section 7.6.1).
    ///
    /// The parser removes most of them already.
    private static let withheld: Set<String> = [
        "proxy", "te", "connection", "keep-alive", "upgrade", "trailer",
    ]
    /// Never `HTTP_*`: said by a variable of their own (RFC 3875, section 4.1.18).
    private static let withheldFromCGI: Set<String> = [
        "authorization", "content-length", "content-type", "transfer-encoding",
    ]
    /// Never `Http_*`: the watchdog's own variables of these names say it already.
    private static let withheldFromWatchdog: Set<String> = [
        "content-length", "transfer-encoding", "x-call-id",
    ]

    /// Appends `HTTP_NAME` (all values) and `Http_Name` (the first value) of every field.
    ///
    /// A field named `Proxy` would set HTTP_PROXY, which many HTTP clients obey (CVE-2016-5385). Names with other
    /// characters than letters, digits and `-` could pose as another field's variable, and are left out as well.
    mutating func appendFields(_ fields: HTTPFields, hidesCredentials: Bool) {
        var seen: [String] = []
        seen.reserveCapacity(fields.count)
        for field in fields {
            let name = field.name.canonicalName
            guard Self.isPlain(name), !Self.withheld.contains(name), !seen.contains(name) else { continue }
            seen.append(name)
            if hidesCredentials && name == "authorization" { continue }
            if !Self.withheldFromCGI.contains(name) {
                append(
                    Self.label("HTTP_", name, capitalizesAll: true),
                    fields[fields: field.name],
                    separator: name == "cookie" ? "; " : ", "
                )
            }
            if !Self.withheldFromWatchdog.contains(name) {
                append(Self.label("Http_", name, capitalizesAll: false), [field])
            }
        }
    }

    /// Appends `NAME=value`, byte for byte as the values came.
    ///
    /// - Parameters:
    ///   - label: the name with its `=`.
    ///   - fields: not empty.
    ///   - separator: between several values.
    mutating func append(_ label: String, _ fields: [HTTPField], separator: String = ", ") {
        if !fields.contains(where: Self.isForeign) {
            let value = fields.count == 1 ? fields[0].value : fields.map(\.value).joined(separator: separator)
            return append(label + value)
        }
        var bytes = Array(label.utf8)
        for (index, field) in fields.enumerated() {
            if index > 0 { bytes += separator.utf8 }
            field.withUnsafeBytesOfValue { bytes += $0 }
        }
        append(bytes)
    }

    /// Whether a value is no UTF-8: its text then shows a replacement character, whose first byte is looked for
    /// first.
    private static func isForeign(_ field: HTTPField) -> Bool {
        guard field.value.utf8.contains(0xef) else { return false }
        return field.withUnsafeBytesOfValue { String(validating: $0, as: UTF8.self) == nil }
    }

    private static func isPlain(_ name: String) -> Bool {
        name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
    }

    /// `PREFIX` + name + `=`, with `_` for `-`.
    ///
    /// - Parameters:
    ///   - prefix: `HTTP_` or `Http_`.
    ///   - name: the lower-case name, plain characters only.
    ///   - capitalizesAll: whether every letter becomes upper-case, or only the first of each word (Go's form).
    /// - Returns: what the value follows.
    private static func label(_ prefix: String, _ name: String, capitalizesAll: Bool) -> String {
        let dash = UInt8(ascii: "-")
        let upper: UInt8 = 0x20
        var text = String(unsafeUninitializedCapacity: name.utf8.count) { buffer in
            var startsWord = true
            var index = 0
            for byte in name.utf8 {
                let isLetter = byte >= UInt8(ascii: "a")
                buffer[index] =
                    byte == dash
                    ? UInt8(ascii: "_") : isLetter && (capitalizesAll || startsWord) ? byte ^ upper : byte
                startsWord = byte == dash
                index += 1
            }
            return index
        }
        text = prefix + text
        text += "="
        return text
    }
}
