// SPDX-License-Identifier: Apache-2.0
// Which of what runs an operator means. Pure; RunningDirectory asks.

/// The names of one thing that runs.
struct RunningName: Hashable {
    /// Of a call: its client may have chosen it, also one that is another's.
    var id: String
    var container: String
    /// Nil for what is no function's.
    var function: String?

    enum Found: Hashable {
        case one(Int)
        case none
        case several(Int)
    }

    /// Finds the one that is meant.
    ///
    /// A name that could mean two of them means none: the wrong one must not end. Its container's name always
    /// distinguishes it.
    ///
    /// - Parameters:
    ///   - text: as it was typed: a whole name of any kind, or the beginning of an id.
    ///   - names: of everything that runs.
    /// - Returns: its index.
    static func find(_ text: String, among names: [RunningName]) -> Found {
        guard !text.isEmpty else { return .none }
        let whole = names.indices.filter { index in
            let name = names[index]
            return name.id == text || name.container == text || name.function == text
        }
        let matches = whole.isEmpty ? names.indices.filter { names[$0].id.hasPrefix(text) } : whole
        guard let first = matches.first else { return .none }
        return matches.count == 1 ? .one(first) : .several(matches.count)
    }
}
