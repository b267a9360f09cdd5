// SPDX-License-Identifier: Apache-2.0
// One file of the tree, as the rules see it. SourceTree makes them; samples in tests make them, too.

/// A text file with the views that rules need.
struct SourceFile: Sendable {
    /// Relative to the root of the tree, for example `Sources/Sandbox/Slot.swift`.
    let path: String
    let lines: [String]
    /// The same lines with comments and string contents blanked; equal to ``lines`` for other languages.
    let code: [String]

    init(_ path: String, _ text: String) {
        self.path = path
        self.lines = Self.lines(of: text)
        if path.hasSuffix(".swift") {
            self.code = Self.lines(of: CodeView.code(of: text, .swift))
        } else if path.hasSuffix(".c") || path.hasSuffix(".h") {
            self.code = Self.lines(of: CodeView.code(of: text, .c))
        } else {
            self.code = lines
        }
    }

    var isSwift: Bool { path.hasSuffix(".swift") }
    var isC: Bool { path.hasSuffix(".c") || path.hasSuffix(".h") }
    var name: String { String(path.split(separator: "/").last ?? "") }

    /// The target below Sources that the file belongs to, if any.
    var room: String? {
        let parts = path.split(separator: "/")
        return parts.count > 2 && parts[0] == "Sources" ? String(parts[1]) : nil
    }

    private static func lines(of text: String) -> [String] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        return lines
    }
}

/// One broken rule, at one place.
struct Violation: Hashable, Sendable, CustomStringConvertible {
    var path: String
    /// Counted from 1; 0 means the whole file.
    var line: Int
    var message: String

    var description: String { line > 0 ? "\(path):\(line): \(message)" : "\(path): \(message)" }
}

extension String {
    var trimmed: String {
        var part = self[...]
        while let first = part.first, first == " " || first == "\t" || first == "\r" { part.removeFirst() }
        while let last = part.last, last == " " || last == "\t" || last == "\r" { part.removeLast() }
        return String(part)
    }

    /// Whether `needle` occurs and no letter, digit or dot directly precedes it.
    func containsCall(_ needle: String) -> Bool {
        let haystack = Array(utf8)
        let wanted = Array(needle.utf8)
        guard haystack.count >= wanted.count else { return false }
        for start in 0...(haystack.count - wanted.count) {
            guard haystack[start] == wanted[0], haystack[start..<(start + wanted.count)].elementsEqual(wanted)
            else { continue }
            if start == 0 { return true }
            let before = haystack[start - 1]
            if !Ascii.isWord(before), before != Ascii.dot || wanted[0] == Ascii.dot { return true }
        }
        return false
    }

    /// The words of a line of code: runs of letters, digits and underscores.
    var words: [String] {
        utf8.split(whereSeparator: { !Ascii.isWord($0) }).map { String(decoding: $0, as: UTF8.self) }
    }
}
