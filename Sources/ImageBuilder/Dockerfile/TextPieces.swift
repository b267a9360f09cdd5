// SPDX-License-Identifier: Apache-2.0
// Character classes and cutting of words that lexer, parser and expansion share.

extension Character {
    /// Space or tab; a line's end never reaches this.
    var isBlank: Bool { self == " " || self == "\t" || self == "\u{0B}" || self == "\u{0C}" || self == "\r" }
    var isASCIILetter: Bool { isASCII && isLetter }
    var isASCIIDigit: Bool { isASCII && isNumber }
    /// What a variable's name may begin with.
    var startsName: Bool { isASCIILetter || self == "_" }
    /// What a variable's name may go on with.
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

/// Cuts at blanks outside quotes; quotes and escapes stay in the words.
///
/// A quote that never ends goes to the end of the text, as the expansion will report it.
func rawWords(_ text: String, escape: Character) -> [String] {
    rawWordRanges(text, escape: escape).map { String(text[$0]) }
}

/// Where the words of ``rawWords(_:escape:)`` are in their text.
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

/// Cuts at every blank: quotes mean nothing, as in the paths of COPY and ADD.
func plainWords(_ text: String) -> [String] {
    text.split(whereSeparator: \.isBlank).map(String.init)
}
