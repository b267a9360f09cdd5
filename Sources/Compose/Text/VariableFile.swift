// SPDX-License-Identifier: Apache-2.0
// Files of `NAME=value` lines: .env of the project and env_file of services.

package import ManifestReader

/// The variables of one file, in its order.
package struct VariableFile: Hashable, Sendable {
    /// nil for `NAME` alone, which takes the value of the surrounding environment.
    package var variables: [(name: String, value: String?)] = []

    /// Lines of one file: each becomes a variable of every container.
    static let variablesMax = 10_000

    package static func == (left: VariableFile, right: VariableFile) -> Bool {
        left.variables.elementsEqual(right.variables) { $0 == $1 }
    }

    package func hash(into hasher: inout Hasher) {
        for variable in variables { hasher.combine(variable.name) }
    }

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - text: the content.
    ///   - file: its name in messages.
    ///   - environment: values for `${NAME}`; earlier variables of the file come after them. nil leaves the text as it
    ///     is, quotes included (`format: raw`).
    /// - Throws: ``ManifestError`` with the place of the first mistake.
    package init(_ text: String, file: String, environment: [String: String]?) throws(ManifestError) {
        var reader = VariableFileReader(text, file: file, environment: environment)
        while let variable = try reader.next() {
            variables.append(variable)
            guard variables.count <= Self.variablesMax else {
                throw ManifestError(file: file, message: "more than \(Self.variablesMax) variables")
            }
        }
    }

    /// The variables over those of an environment.
    package func values(in environment: [String: String]) -> [String: String] {
        var values: [String: String] = [:]
        for variable in variables {
            if let value = variable.value ?? environment[variable.name] { values[variable.name] = value }
        }
        return values
    }
}

/// Reads the lines one after the other.
private struct VariableFileReader {
    private var scanner: ByteScanner
    private let file: String
    private let isRaw: Bool
    private var known: [String: String]
    private let environment: [String: String]
    private var line = 1

    init(_ text: String, file: String, environment: [String: String]?) {
        scanner = ByteScanner(text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text)
        self.file = file
        isRaw = environment == nil
        self.environment = environment ?? [:]
        known = self.environment
    }

    mutating func next() throws(ManifestError) -> (name: String, value: String?)? {
        guard skipToName() else { return nil }
        let start = line
        var name = takeKey()
        if name == "export", let byte = scanner.peek, Byte.isBlank(byte) {
            skipBlanks()
            name = takeKey()
        }
        skipBlanks()
        guard !name.isEmpty, let first = name.utf8.first, Byte.isNameStart(first) else {
            throw mistake(
                start,
                "'\(name.isEmpty ? scanner.excerpt : name)' is not a variable's name, expected NAME=value"
            )
        }
        guard scanner.take(Byte.equals) || scanner.take(Byte.colon) else {
            guard scanner.isAtEnd || takeLineEnd() else {
                throw mistake(start, "'=' is missing after '\(name)', expected NAME=value")
            }
            return (name, nil)
        }
        let value = isRaw ? rest() : try value(start)
        if environment[name] == nil { known[name] = value }
        return (name, value)
    }

    /// Skips empty lines and comments.
    private mutating func skipToName() -> Bool {
        while true {
            skipBlanks()
            if scanner.isAtEnd { return false }
            if scanner.peek == Byte.hash { _ = rest() } else if !takeLineEnd() { return true }
        }
    }

    private mutating func skipBlanks() { _ = scanner.take(while: Byte.isBlank) }

    private mutating func takeKey() -> String {
        scanner.take {
            Byte.isNameStart($0) || Byte.isDigit($0) || $0 == Byte.minus || $0 == UInt8(ascii: ".")
        }
    }

    private mutating func takeLineEnd() -> Bool {
        _ = scanner.take(Byte.carriageReturn)
        guard scanner.take(Byte.newline) else { return scanner.isAtEnd }
        line += 1
        return true
    }

    /// The rest of the line, without its end.
    private mutating func rest() -> String {
        let text = scanner.take { $0 != Byte.newline }
        _ = takeLineEnd()
        return text.last == "\r" ? String(text.dropLast()) : text
    }

    private mutating func value(_ start: Int) throws(ManifestError) -> String {
        skipBlanks()
        if scanner.take(Byte.quote) {
            let text = scanner.take { $0 != Byte.quote }
            try closeQuote(Byte.quote, start, text)
            return text
        }
        if scanner.take(Byte.doubleQuote) { return try doubleQuoted(start) }
        var text = rest()
        // A comment begins after a blank, so that `#` may be a part of a value.
        for index in text.indices where text[index] == "#" {
            guard index == text.startIndex || text[text.index(before: index)].isWhitespace else { continue }
            text = String(text[..<index])
            break
        }
        while text.last?.isWhitespace == true { text.removeLast() }
        return try substitute(text, start)
    }

    private mutating func doubleQuoted(_ start: Int) throws(ManifestError) -> String {
        var bytes: [UInt8] = []
        while let byte = scanner.peek, byte != Byte.doubleQuote {
            scanner.advance()
            guard byte == Byte.backslash, let escaped = scanner.next() else {
                bytes.append(byte)
                continue
            }
            switch escaped {
            case UInt8(ascii: "n"): bytes.append(Byte.newline)
            case UInt8(ascii: "r"): bytes.append(Byte.carriageReturn)
            case UInt8(ascii: "t"): bytes.append(Byte.tab)
            case Byte.dollar: bytes += [Byte.dollar, Byte.dollar]
            case Byte.backslash, Byte.doubleQuote: bytes.append(escaped)
            default: bytes += [Byte.backslash, escaped]
            }
        }
        let text = String(decoding: bytes, as: UTF8.self)
        try closeQuote(Byte.doubleQuote, start, text)
        return try substitute(text, start)
    }

    private mutating func closeQuote(_ quote: UInt8, _ start: Int, _ text: String) throws(ManifestError) {
        guard scanner.take(quote) else { throw mistake(start, "a quoted value has no end") }
        line += text.utf8.count { $0 == Byte.newline }
        skipBlanks()
        if scanner.peek == Byte.hash {
            _ = rest()
        } else if !takeLineEnd() {
            throw mistake(start, "text after the quoted value: '\(scanner.excerpt)'")
        }
    }

    private func substitute(_ text: String, _ start: Int) throws(ManifestError) -> String {
        var template = VariableTemplate(variables: known)
        template.isLenient = true
        do throws(VariableError) { return try template.substitute(text) } catch {
            throw mistake(start, error.message)
        }
    }

    private func mistake(_ line: Int, _ message: String) -> ManifestError {
        ManifestError(file: file, line: line, column: 1, message: message)
    }
}
