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
    var words: [String] = []
    var word = ""
    var quote: Character?
    var isEscaped = false
    for character in text {
        if isEscaped {
            isEscaped = false
            word.append(character)
        } else if character == escape, quote != "'" {
            isEscaped = true
            word.append(character)
        } else if let open = quote {
            if character == open { quote = nil }
            word.append(character)
        } else if character.isBlank {
            if !word.isEmpty { words.append(word) }
            word = ""
        } else {
            if character == "\"" || character == "'" { quote = character }
            word.append(character)
        }
    }
    if !word.isEmpty { words.append(word) }
    return words
}

/// Cuts at every blank: quotes mean nothing, as in the paths of COPY and ADD.
func plainWords(_ text: String) -> [String] {
    text.split(whereSeparator: \.isBlank).map(String.init)
}
