// SPDX-License-Identifier: Apache-2.0
// Header fields as environment variables, and which of them are kept back. RequestVariables drives it.

import HTTPTypes
import Hummingbird

extension RequestVariables {
    /// Never `HTTP_*`: said by a variable of their own, or a matter between client and gateway (RFC 3875, 4.1.18).
    private static let withheldFromCGI: Set<String> = [
        "authorization", "proxy-authorization", "content-length", "content-type", "connection", "keep-alive",
        "transfer-encoding",
    ]
    /// Never `Http_*`: the watchdog's own variables of these names say it already.
    private static let withheldFromWatchdog: Set<String> = [
        "content-length", "transfer-encoding", "x-call-id",
    ]

    /// Appends `HTTP_NAME` (all values) and `Http_Name` (the first value) of every field.
    ///
    /// A field named `Proxy` would set HTTP_PROXY, which many HTTP clients obey (CVE-2016-5385). Names with other
    /// characters than letters, digits and `-` could pose as another field's variable, and are left out as well.
    static func appendFields(
        _ fields: HTTPFields,
        hidesCredentials: Bool,
        to variables: inout [String]
    ) {
        var seen: [String] = []
        seen.reserveCapacity(fields.count)
        for field in fields {
            let name = field.name.canonicalName
            guard name != "proxy", isPlain(name), !seen.contains(name) else { continue }
            seen.append(name)
            if hidesCredentials && name == "authorization" { continue }
            if !withheldFromCGI.contains(name), let value = fields[field.name] {
                variables.append(variable("HTTP_", name, value, capitalizesAll: true))
            }
            if !withheldFromWatchdog.contains(name) {
                variables.append(variable("Http_", name, field.value, capitalizesAll: false))
            }
        }
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

    /// `PREFIX` + name + `=` + value, with `_` for `-`.
    ///
    /// - Parameters:
    ///   - prefix: `HTTP_` or `Http_`.
    ///   - name: the lower-case name, plain characters only.
    ///   - value: the field's value.
    ///   - capitalizesAll: whether every letter becomes upper-case, or only the first of each word (Go's form).
    /// - Returns: the whole variable.
    private static func variable(_ prefix: String, _ name: String, _ value: String, capitalizesAll: Bool)
        -> String
    {
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
        text += value
        return text
    }
}
