// SPDX-License-Identifier: Apache-2.0
// The JSON form of arguments: an array of strings, strictly as JSON has it. The parser drives it; pure.

import FoundationEssentials

/// What a text is when read as the JSON form.
enum JSONForm: Hashable {
    case strings([String])
    /// A JSON array of something else than strings: an error, not a shell command.
    case otherArray
    /// No JSON array; the shell form.
    case none

    init(_ text: String) {
        self = .none
        guard text.hasPrefix("[") else { return }
        let data = Data(text.utf8)
        // A failure here only says that the text is another form.
        if let strings = try? JSONDecoder().decode([String].self, from: data) {
            self = .strings(strings)
        } else if (try? JSONDecoder().decode([AnyValue].self, from: data)) != nil {
            self = .otherArray
        }
    }

    /// Any JSON value at all: accepts everything that the decoder could read.
    private struct AnyValue: Decodable {
        init(from decoder: any Decoder) throws {}
    }
}
