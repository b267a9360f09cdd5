// SPDX-License-Identifier: Apache-2.0
// Writes a string as JSON, without Foundation. Problem and the event streams drive it.

/// JSON text made by hand, where an encoder would cost more than the answer.
enum JSONText {
    /// Appends a quoted and escaped string (RFC 8259, section 7).
    static func append(_ text: String, to json: inout String) {
        json += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": json += "\\\""
            case "\\": json += "\\\\"
            case "\n": json += "\\n"
            case "\r": json += "\\r"
            case "\t": json += "\\t"
            case "\u{0}"..<"\u{20}":
                let digits = String(scalar.value, radix: 16)
                json += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: json.unicodeScalars.append(scalar)
            }
        }
        json += "\""
    }

    /// An object of strings and already written values, in the order given.
    static func object(_ members: [(name: String, value: Value)]) -> String {
        var json = "{"
        for (index, member) in members.enumerated() {
            if index > 0 { json += "," }
            append(member.name, to: &json)
            json += ":"
            switch member.value {
            case .string(let text): append(text, to: &json)
            case .integer(let number): json += String(number)
            }
        }
        return json + "}"
    }

    enum Value {
        case string(String)
        case integer(Int)
    }
}
