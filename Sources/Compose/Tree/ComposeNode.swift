// SPDX-License-Identifier: Apache-2.0
// A compose file as a tree of values, each with its place; loading rewrites it step by step before it is read.

package import ManifestReader

/// Where something is written, as editors count.
package struct SourcePlace: Hashable, Sendable {
    package var file: String
    /// From 1.
    package var line: Int
    /// From 1, in characters.
    package var column: Int

    package init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// A mistake at this place.
    package func mistake(_ message: String) -> ManifestError {
        ManifestError(file: file, line: line, column: column, message: message)
    }

    var manifestPlace: ManifestPlace { ManifestPlace(file: file, line: line, column: column) }
}

/// One value of a compose file.
package struct ComposeNode: Hashable, Sendable {
    /// What the value is; numbers and booleans are kept as they are written.
    package indirect enum Content: Hashable, Sendable {
        case null
        case scalar(String)
        case list([ComposeNode])
        case map([ComposeEntry])
    }

    /// How a value joins the value of an earlier file: the tags `!reset` and `!override`.
    enum Joining: Hashable, Sendable { case merge, reset, override }

    package var content: Content
    package var place: SourcePlace
    var joining = Joining.merge

    init(_ content: Content, at place: SourcePlace) {
        self.content = content
        self.place = place
    }

    /// The entries of a map; none of anything else.
    var entries: [ComposeEntry] {
        guard case .map(let entries) = content else { return [] }
        return entries
    }

    /// The items of a list; none of anything else.
    var items: [ComposeNode] {
        guard case .list(let items) = content else { return [] }
        return items
    }

    /// The text of a scalar.
    var scalar: String? {
        guard case .scalar(let text) = content else { return nil }
        return text
    }

    var isMap: Bool {
        guard case .map = content else { return false }
        return true
    }

    /// The value of a key.
    subscript(key: String) -> ComposeNode? { entries.first { $0.key == key }?.value }

    /// What the value is, as a phrase.
    var kind: String {
        switch content {
        case .null: "empty"
        case .scalar: "a single value"
        case .list: "a list"
        case .map: "a map"
        }
    }

    /// The same value for the readers of function.yaml.
    package var placedValue: PlacedValue {
        switch content {
        case .null: PlacedValue(.null, at: place.manifestPlace)
        case .scalar(let text): PlacedValue(.text(text), at: place.manifestPlace)
        case .list(let items): PlacedValue(.list(items.map(\.placedValue)), at: place.manifestPlace)
        case .map(let entries):
            PlacedValue(
                .map(entries.map { PlacedEntry($0.key, $0.value.placedValue) }),
                at: place.manifestPlace
            )
        }
    }
}

/// One key of a map and its value.
package struct ComposeEntry: Hashable, Sendable {
    package var key: String
    /// Of the key.
    package var place: SourcePlace
    package var value: ComposeNode

    init(_ key: String, at place: SourcePlace, _ value: ComposeNode) {
        self.key = key
        self.place = place
        self.value = value
    }
}
