// SPDX-License-Identifier: Apache-2.0
// The JSON form of arguments: an array of strings in strict JSON. The parser uses it; pure.

import FoundationEssentials

/// The result of reading a text as the JSON form.
enum JSONForm: Hashable {
    case strings([String])
    /// A JSON array with other values than strings: an error, not a shell command.
    case otherArray
    /// No JSON array; the shell form.
    case none

    init(_ text: String) {
        self = .none
        guard text.hasPrefix("[") else { return }
        let data = Data(text.utf8)
        // A failure means that the text has the other form.
        if let strings = try? JSONDecoder().decode([String].self, from: data) {
            self = .strings(strings)
        } else if (try? JSONDecoder().decode([AnyValue].self, from: data)) != nil {
            self = .otherArray
        }
    }

    /// Any JSON value: accepts every value that the decoder can read.
    private struct AnyValue: Decodable {
        init(from decoder: any Decoder) throws {}
    }
}
