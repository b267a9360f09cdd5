// SPDX-License-Identifier: Apache-2.0
// `command: python app.py "a b"`: a text split into words as a POSIX shell does, without running one.

/// Splits commands that are written as one text.
enum ShellWords {
    /// The words of a text; nil when a quote is not closed.
    ///
    /// Single quotes keep everything, double quotes everything but backslashes before `"`, `\`, `$` and a backquote;
    /// operators such as `&&` are ordinary words, since no shell runs.
    static func split(_ text: String) -> [String]? {
        var scanner = ByteScanner(text)
        var words: [String] = []
        var word: [UInt8] = []
        var hasWord = false
        while let byte = scanner.next() {
            switch byte {
            case Byte.space, Byte.tab, Byte.newline, Byte.carriageReturn:
                if hasWord { words.append(String(decoding: word, as: UTF8.self)) }
                word = []
                hasWord = false
                continue
            case Byte.quote:
                let inner = scanner.take { $0 != Byte.quote }
                guard scanner.take(Byte.quote) else { return nil }
                word += inner.utf8
            case Byte.doubleQuote:
                guard let inner = doubleQuoted(&scanner) else { return nil }
                word += inner
            case Byte.backslash:
                guard let escaped = scanner.next() else { return nil }
                word.append(escaped)
            default: word.append(byte)
            }
            hasWord = true
        }
        if hasWord { words.append(String(decoding: word, as: UTF8.self)) }
        return words
    }

    private static func doubleQuoted(_ scanner: inout ByteScanner) -> [UInt8]? {
        var bytes: [UInt8] = []
        while let byte = scanner.next() {
            if byte == Byte.doubleQuote { return bytes }
            guard byte == Byte.backslash else {
                bytes.append(byte)
                continue
            }
            guard let escaped = scanner.next() else { return nil }
            if !escapable.contains(escaped) { bytes.append(Byte.backslash) }
            bytes.append(escaped)
        }
        return nil
    }

    private static let escapable = [Byte.doubleQuote, Byte.backslash, Byte.dollar, UInt8(ascii: "`")]
}
