// SPDX-License-Identifier: Apache-2.0
// The marks of here-documents in an instruction: `<<NAME`, `<<-NAME`, `3<<"NAME"`, blanks allowed before the name.
// The lexer finds them; the parser of COPY and RUN's plan read the rest of the text. Pure.

/// One `<<NAME` and its position in the text.
struct HeredocMark {
    /// Without its content.
    var heredoc: Heredoc
    var range: Range<String.Index>

    /// Finds the marks of an instruction's text.
    ///
    /// `<<` in a shell's arithmetic (`$((1 << 3))`) is a shift, and `<<<` is no mark.
    ///
    /// - Throws: ``SyntaxFailure`` for a name with an unterminated quote.
    static func all(in text: String, escape: Character) throws(SyntaxFailure) -> [HeredocMark] {
        let words = rawWordRanges(text, escape: escape)[...]
        var rest = words
        var marks: [HeredocMark] = []
        var openArithmetic = 0
        while let range = rest.popFirst() {
            let word = text[range]
            let isShift = openArithmetic > 0
            openArithmetic += arithmeticDepth(word, isOpen: isShift)
            guard !isShift, let opening = Opening(word) else { continue }
            var name = opening.name
            var end = range.upperBound
            if name.isEmpty {
                guard let next = rest.first, !text[next].contains("<") else { continue }
                rest.removeFirst()
                name = text[next]
                end = next.upperBound
            }
            let (plain, isQuoted) = try unquoted(name, escape: escape)
            guard !plain.isEmpty else { continue }
            let heredoc = Heredoc(
                name: plain,
                content: "",
                expands: !isQuoted,
                stripsTabs: opening.stripsTabs
            )
            marks.append(HeredocMark(heredoc: heredoc, range: range.lowerBound..<end))
        }
        return marks
    }

    /// The text without its marks.
    static func removing(from text: String, escape: Character) throws(SyntaxFailure) -> String {
        var result = ""
        var position = text.startIndex
        for mark in try all(in: text, escape: escape) {
            result += text[position..<mark.range.lowerBound]
            position = mark.range.upperBound
        }
        return result + text[position...]
    }

    /// The part of a word before the name, which may be the next word.
    private struct Opening {
        var stripsTabs: Bool
        var name: Substring

        init?(_ word: Substring) {
            // `3<<EOF` names a file descriptor for the shell; the document is the same.
            let mark = word.drop(while: \.isASCIIDigit)
            guard mark.hasPrefix("<<") else { return nil }
            stripsTabs = mark.dropFirst(2).hasPrefix("-")
            name = mark.dropFirst(stripsTabs ? 3 : 2)
            if name.contains("<") { return nil }
        }
    }

    /// The number of `$((` in a word minus the number of `))`.
    private static func arithmeticDepth(_ word: Substring, isOpen: Bool) -> Int {
        let opened = word.ranges(of: "$((").count
        return opened - (isOpen || opened > 0 ? word.ranges(of: "))").count : 0)
    }

    /// The name without quotes and escapes, and whether there were quotes.
    private static func unquoted(
        _ written: Substring,
        escape: Character
    ) throws(SyntaxFailure) -> (name: String, isQuoted: Bool) {
        var name = ""
        var quote: Character?
        var isQuoted = false
        var isEscaped = false
        for character in written {
            if isEscaped {
                isEscaped = false
                name.append(character)
            } else if character == escape, quote != "'" {
                isEscaped = true
            } else if let open = quote {
                if character == open { quote = nil } else { name.append(character) }
            } else if character == "\"" || character == "'" {
                quote = character
                isQuoted = true
            } else {
                name.append(character)
            }
        }
        guard quote == nil else { throw SyntaxFailure("<<" + written, expected: "a closing quote") }
        return (name, isQuoted)
    }
}
