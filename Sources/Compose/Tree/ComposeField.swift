// SPDX-License-Identifier: Apache-2.0
// A value with the path of keys that leads to it: the readers take typed values from it.

import FunctionModel
import ManifestReader

/// A value of the tree under the name that messages use.
struct ComposeField {
    let node: ComposeNode
    /// Keys from the top, for example `services.web.ports[0]`.
    let path: String

    func mistake(_ message: String) -> ManifestError { node.place.mistake(message) }

    private func wrong(_ expected: String) -> ManifestError {
        mistake("'\(path)' is \(node.kind), expected \(expected)")
    }

    func invalid(_ text: String, expected: String) -> ManifestError {
        mistake("\(path): '\(text)' is not valid, expected \(expected)")
    }

    func text(_ expected: String = "text") throws(ManifestError) -> String {
        guard let text = node.scalar else { throw wrong(expected) }
        return text
    }

    /// Text that is not empty.
    func name(_ expected: String) throws(ManifestError) -> String {
        let text = try text(expected)
        guard !text.isEmpty else { throw invalid(text, expected: expected) }
        return text
    }

    func boolean() throws(ManifestError) -> Bool {
        switch try text("true or false").lowercased() {
        case "true", "yes", "on": return true
        case "false", "no", "off": return false
        case let text: throw invalid(text, expected: "true or false")
        }
    }

    func integer(_ range: ClosedRange<Int>) throws(ManifestError) -> Int {
        let text = try text("a whole number")
        guard let number = Int(text), range.contains(number) else {
            throw invalid(text, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func fields() throws(ManifestError) -> [ComposeField] {
        guard case .list(let items) = node.content else { throw wrong("a list") }
        return items.enumerated().map { ComposeField(node: $1, path: "\(path)[\($0)]") }
    }

    func texts() throws(ManifestError) -> [String] {
        var texts: [String] = []
        for field in try fields() { texts.append(try field.text()) }
        return texts
    }

    /// One text or a list of them.
    func textOrTexts() throws(ManifestError) -> [String] {
        if let text = node.scalar { return [text] }
        return try texts()
    }

    /// A map of names to text; a name without a value has nil.
    func textMap() throws(ManifestError) -> [(key: String, value: String?)] {
        var result: [(key: String, value: String?)] = []
        for entry in try map().entries {
            let field = ComposeField(node: entry.value, path: "\(path).\(entry.key)")
            result.append((entry.key, entry.value.content == .null ? nil : try field.text()))
        }
        return result
    }

    /// The text of each key; a name without a value is empty text.
    func labels() throws(ManifestError) -> [String: String] {
        Dictionary(try textMap().map { ($0.key, $0.value ?? "") }) { _, last in last }
    }

    func map() throws(ManifestError) -> ComposeMap {
        guard case .map(let entries) = node.content else { throw wrong("a map") }
        return ComposeMap(field: self, entries: entries)
    }

    /// A value with its own grammar.
    func value<Value>(_ parse: (String, String) throws(ModelError) -> Value) throws(ManifestError) -> Value {
        let text = try text()
        do throws(ModelError) { return try parse(text, path) } catch { throw mistake(error.description) }
    }

    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ type: Choice.Type
    ) throws(ManifestError) -> Choice {
        let text = try text()
        if let choice = type.init(rawValue: text) { return choice }
        let words = type.allCases.map(\.rawValue)
        let hint = suggestion(for: text, among: words).map { " (did you mean '\($0)'?)" } ?? ""
        throw mistake("\(path): '\(text)' is not valid, expected \(words.joined(separator: ", "))\(hint)")
    }
}

/// The keys of one map.
struct ComposeMap {
    let field: ComposeField
    let entries: [ComposeEntry]

    /// The value of a key, or nil when it is absent or left empty.
    subscript(key: String) -> ComposeField? {
        guard let entry = entries.first(where: { $0.key == key }), entry.value.content != .null else {
            return nil
        }
        return ComposeField(node: entry.value, path: path(of: key))
    }

    /// Every key with its value, empty ones too.
    var fields: [(key: String, field: ComposeField)] {
        entries.map { ($0.key, ComposeField(node: $0.value, path: path(of: $0.key))) }
    }

    private func path(of key: String) -> String { field.path.isEmpty ? key : "\(field.path).\(key)" }

    /// Refuses keys that are unknown or without effect here; `x-` keys are the author's own.
    ///
    /// - Parameters:
    ///   - known: the keys that the reader takes.
    ///   - refused: keys of the specification that have no effect here, each with what to do instead.
    /// - Throws: ``ManifestError`` with the place of the first such key.
    func allow(_ known: [String], refused: [String: String] = [:]) throws(ManifestError) {
        for entry in entries where !known.contains(entry.key) && !entry.key.hasPrefix("x-") {
            let place = field.path.isEmpty ? "" : " in '\(field.path)'"
            if let reason = refused[entry.key] {
                throw entry.place.mistake("'\(entry.key)'\(place) is not supported: \(reason)")
            }
            let hint = suggestion(for: entry.key, among: known).map { " (did you mean '\($0)'?)" } ?? ""
            throw entry.place.mistake("unknown key '\(entry.key)'\(place)\(hint)")
        }
    }
}
