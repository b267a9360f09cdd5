// SPDX-License-Identifier: Apache-2.0
// The JSON form of AWS Lambda's answers: names of members begin with a capital letter.

package import FoundationEssentials

/// The coders of AWS Lambda's answers.
package enum LambdaJSON {
    private struct Name: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// An answer as JSON; keys of dictionaries stay as they are.
    ///
    /// - Throws: what the value's own coding throws.
    package static func encode(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .custom { path in
            let name = path.last?.stringValue ?? ""
            return Name(stringValue: name.prefix(1).uppercased() + name.dropFirst())
        }
        return try encoder.encode(value)
    }
}
