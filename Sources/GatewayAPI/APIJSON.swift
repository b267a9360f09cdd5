// SPDX-License-Identifier: Apache-2.0
// The JSON form of every body: sorted keys, times in RFC 3339. Gateway and faasctl encode and decode with it.

package import FoundationEssentials

/// The coders that both sides share.
package enum APIJSON {
    /// A value as JSON: sorted keys, times with milliseconds.
    ///
    /// - Throws: what the value's own coding throws.
    package static func encode(_ value: some Encodable) throws -> Data { try encoder.encode(value) }

    /// A value from JSON; times may have fractions of a second or none.
    ///
    /// - Throws: `DecodingError`.
    package static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
        try decoder.decode(type, from: data)
    }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(timestamp(date))
        }
        return encoder
    }

    private static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let container = try decoder.singleValueContainer()
            let text = try container.decode(String.self)
            guard let date = date(text) else {
                throw DecodingError.dataCorruptedError(
                    in: container,
                    debugDescription: "not a time of RFC 3339"
                )
            }
            return date
        }
        return decoder
    }

    /// A time in RFC 3339 with milliseconds.
    package static func timestamp(_ date: Date) -> String {
        Date.ISO8601FormatStyle(includingFractionalSeconds: true).format(date)
    }

    /// A time from RFC 3339 text, with or without fractions of a second; nil for any other text.
    package static func date(_ text: String) -> Date? {
        for fractional in [true, false] {
            let style = Date.ISO8601FormatStyle(includingFractionalSeconds: fractional)
            // Either form is accepted: the error of the other one says nothing.
            if let date = try? style.parse(text) { return date }
        }
        return nil
    }
}
