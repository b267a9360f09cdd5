// SPDX-License-Identifier: Apache-2.0
// Character classes and splitting into words, shared by lexer, parser and expansion.

extension Character {
    /// Space or tab; the text has no line terminators.
    var isBlank: Bool { self == " " || self == "\t" || self == "\u{0B}" || self == "\u{0C}" || self == "\r" }
    var isASCIILetter: Bool { isASCII && isLetter }
    var isASCIIDigit: Bool { isASCII && isNumber }
    /// The characters that a variable's name may begin with.
    var startsName: Bool { isASCIILetter || self == "_" }
    /// The characters of the rest of a variable's name.
    var continuesName: Bool { startsName || isASCIIDigit }
}

extension Substring {
    var trimmingBlanks: Substring { drop(while: \.isBlank).trimmingBlanksAtEnd }

    var trimmingBlanksAtEnd: Substring {
        var result = self
        while result.last?.isBlank == true { result.removeLast() }
        return result
    }
}

/// Splits at blanks outside quotes; quotes and escapes stay in the words.
///
/// An unterminated quote extends to the end of the text; the expansion reports it.
func rawWords(_ text: String, escape: Character) -> [String] {
    rawWordRanges(text, escape: escape).map { String(text[$0]) }
}

/// The ranges of the words of ``rawWords(_:escape:)``.
func rawWordRanges(_ text: String, escape: Character) -> [Range<String.Index>] {
    var ranges: [Range<String.Index>] = []
    var start: String.Index?
    var quote: Character?
    var isEscaped = false
    for index in text.indices {
        let character = text[index]
        if isEscaped {
            isEscaped = false
        } else if character == escape, quote != "'" {
            isEscaped = true
        } else if let open = quote {
            if character == open { quote = nil }
        } else if character.isBlank {
            if let first = start { ranges.append(first..<index) }
            start = nil
            continue
        } else if character == "\"" || character == "'" {
            quote = character
        }
        start = start ?? index
    }
    if let first = start { ranges.append(first..<text.endIndex) }
    return ranges
}

/// Splits at every blank, without regard to quotes, as in the paths of COPY and ADD.
func plainWords(_ text: String) -> [String] {
    text.split(whereSeparator: \.isBlank).map(String.init)
}
