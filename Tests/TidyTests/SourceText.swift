// SPDX-License-Identifier: Apache-2.0
// Source text with comments and string contents blanked, so that rules see code only. Every rule reads this.

/// Replaces comments and the contents of string literals by spaces; lines and columns stay where they were.
///
/// Code inside string interpolations stays visible. Knows Swift (nested comments, raw and multi-line strings)
/// and C (character literals).
struct CodeView {
    enum Language { case swift, c }

    private let bytes: [UInt8]
    private var output: [UInt8]
    private var position = 0
    private let language: Language

    /// The text of `source` with only its code left.
    static func code(of source: String, _ language: Language) -> String {
        var view = CodeView(bytes: Array(source.utf8), language: language)
        view.scanCode(untilClosingParenthesis: false)
        return String(decoding: view.output, as: UTF8.self)
    }

    private init(bytes: [UInt8], language: Language) {
        self.bytes = bytes
        self.output = bytes
        self.language = language
    }

    private func byte(_ offset: Int = 0) -> UInt8 {
        position + offset < bytes.count ? bytes[position + offset] : 0
    }

    private mutating func blank(_ count: Int = 1) {
        for index in position..<min(position + count, bytes.count) where bytes[index] != Ascii.newline {
            output[index] = Ascii.space
        }
        position += count
    }

    private mutating func scanCode(untilClosingParenthesis: Bool) {
        var depth = 0
        while position < bytes.count {
            switch byte() {
            case Ascii.slash where byte(1) == Ascii.slash: blankLine()
            case Ascii.slash where byte(1) == Ascii.star: blankComment()
            case Ascii.quote: scanString(hashes: 0)
            case Ascii.hash where language == .swift: scanHashes()
            case Ascii.apostrophe where language == .c: scanCharacter()
            case Ascii.open:
                depth += 1
                position += 1
            case Ascii.close:
                depth -= 1
                position += 1
                if untilClosingParenthesis, depth == 0 { return }
            default: position += 1
            }
        }
    }

    private mutating func blankLine() {
        while position < bytes.count, byte() != Ascii.newline { blank() }
    }

    private mutating func blankComment() {
        var depth = 0
        repeat {
            if byte() == Ascii.slash, byte(1) == Ascii.star {
                depth = language == .swift ? depth + 1 : 1
                blank(2)
            } else if byte() == Ascii.star, byte(1) == Ascii.slash {
                depth -= 1
                blank(2)
            } else {
                blank()
            }
        } while depth > 0 && position < bytes.count
    }

    private mutating func scanHashes() {
        var count = 0
        while byte(count) == Ascii.hash { count += 1 }
        let isString = byte(count) == Ascii.quote
        position += count
        if isString { scanString(hashes: count) }
    }

    private mutating func scanCharacter() {
        position += 1
        while position < bytes.count, byte() != Ascii.apostrophe, byte() != Ascii.newline {
            blank(byte() == Ascii.backslash ? 2 : 1)
        }
        position += 1
    }

    /// Starts at the opening quote and ends behind the closing one with as many hashes.
    private mutating func scanString(hashes: Int) {
        let isLong = language == .swift && byte(1) == Ascii.quote && byte(2) == Ascii.quote
        let quotes = isLong ? 3 : 1
        position += quotes
        while position < bytes.count {
            if isRun(of: Ascii.quote, quotes, at: 0), isRun(of: Ascii.hash, hashes, at: quotes) {
                position += quotes + hashes
                return
            }
            if byte() == Ascii.newline, !isLong { return }
            guard byte() == Ascii.backslash, isRun(of: Ascii.hash, hashes, at: 1) else {
                blank()
                continue
            }
            blank(1 + hashes)
            if language == .swift, byte() == Ascii.open {
                scanCode(untilClosingParenthesis: true)
            } else {
                blank()
            }
        }
    }

    private func isRun(of value: UInt8, _ count: Int, at offset: Int) -> Bool {
        for index in 0..<count where byte(offset + index) != value { return false }
        return true
    }
}

/// The bytes that the scanners look for.
enum Ascii {
    static let newline = UInt8(ascii: "\n")
    static let space = UInt8(ascii: " ")
    static let slash = UInt8(ascii: "/")
    static let star = UInt8(ascii: "*")
    static let quote = UInt8(ascii: "\"")
    static let hash = UInt8(ascii: "#")
    static let apostrophe = UInt8(ascii: "'")
    static let backslash = UInt8(ascii: "\\")
    static let open = UInt8(ascii: "(")
    static let close = UInt8(ascii: ")")
    static let openBracket = UInt8(ascii: "[")
    static let closeBracket = UInt8(ascii: "]")
    static let openBrace = UInt8(ascii: "{")
    static let closeBrace = UInt8(ascii: "}")
    static let dot = UInt8(ascii: ".")
    static let underscore = UInt8(ascii: "_")

    static func isWord(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || byte == underscore || byte >= 0x80
    }
}
