// SPDX-License-Identifier: Apache-2.0
// `$NAME`, `${NAME:-default}` and their kind in the scalars of a compose file and in variable files.

/// Why a text with variables has no value.
enum VariableError: Error, Hashable, Sendable {
    /// `$` or `${` is followed by something else than a variable.
    case malformed(String)
    /// `${NAME:?message}` without a value.
    case required(name: String, message: String)
    case tooDeep
    case tooLarge

    var message: String {
        switch self {
        case .malformed(let text):
            "'\(text)' is not a variable, expected $NAME or ${NAME}; write $$ for a dollar sign"
        case .required(let name, let message):
            "the variable '\(name)' is required" + (message.isEmpty ? " and has no value" : ": \(message)")
        case .tooDeep: "more than \(VariableTemplate.depthMax) variables inside each other"
        case .tooLarge: "the variables make more than \(VariableTemplate.bytesMax >> 20) MiB of text"
        }
    }
}

/// Replaces variables by their values.
struct VariableTemplate {
    /// Defaults inside defaults; each level is a level of recursion.
    static let depthMax = 16
    /// Text that all substitutions of one project may make: a large variable in many places fills memory.
    static let bytesMax = 4 << 20

    let variables: [String: String]
    /// Whether a `$` without a name stays as it is: the form of variable files.
    var isLenient = false
    /// Variables without value and default, which became empty text.
    private(set) var unset: Set<String> = []
    private var bytesLeft = Self.bytesMax

    init(variables: [String: String]) { self.variables = variables }

    /// The text with the values of its variables.
    mutating func substitute(_ text: String) throws(VariableError) -> String {
        guard text.utf8.contains(Byte.dollar) else { return text }
        var scanner = ByteScanner(text)
        let result = try expand(&scanner, inBraces: false, isUsed: true, depth: 0)
        bytesLeft -= result.utf8.count
        guard bytesLeft >= 0 else { throw .tooLarge }
        return result
    }

    /// Expands up to the end of the text, or up to the brace that closes a variable.
    private mutating func expand(
        _ scanner: inout ByteScanner,
        inBraces: Bool,
        isUsed: Bool,
        depth: Int
    ) throws(VariableError) -> String {
        guard depth <= Self.depthMax else { throw .tooDeep }
        var result: [UInt8] = []
        while let byte = scanner.peek {
            if inBraces, byte == Byte.closeBrace { break }
            scanner.advance()
            guard byte == Byte.dollar else {
                result.append(byte)
                continue
            }
            result += try variable(&scanner, isUsed: isUsed, depth: depth).utf8
            guard result.count <= Self.bytesMax else { throw .tooLarge }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// What follows a dollar sign.
    private mutating func variable(
        _ scanner: inout ByteScanner,
        isUsed: Bool,
        depth: Int
    ) throws(VariableError) -> String {
        if scanner.take(Byte.dollar) { return "$" }
        if scanner.take(Byte.openBrace) { return try braced(&scanner, isUsed: isUsed, depth: depth) }
        let name = scanner.takeName()
        guard !name.isEmpty else {
            if isLenient { return "$" }
            throw .malformed("$" + scanner.excerpt)
        }
        return value(of: name, isUsed: isUsed)
    }

    /// What follows `${`.
    private mutating func braced(
        _ scanner: inout ByteScanner,
        isUsed: Bool,
        depth: Int
    ) throws(VariableError) -> String {
        let whole = "${" + scanner.excerpt
        let name = scanner.takeName()
        guard !name.isEmpty else { throw .malformed(whole) }
        if scanner.take(Byte.closeBrace) { return value(of: name, isUsed: isUsed) }
        let emptyCounts = !scanner.take(Byte.colon)
        guard let operation = scanner.next(), [Byte.minus, Byte.question, Byte.plus].contains(operation)
        else {
            throw .malformed(whole)
        }
        let current = variables[name].flatMap { $0.isEmpty && !emptyCounts ? nil : $0 }
        let takesWord = operation == Byte.plus ? current != nil : current == nil
        let word = try expand(&scanner, inBraces: true, isUsed: isUsed && takesWord, depth: depth + 1)
        guard scanner.take(Byte.closeBrace) else { throw .malformed(whole) }
        switch operation {
        case Byte.plus: return takesWord ? word : ""
        case Byte.question where takesWord && isUsed: throw .required(name: name, message: word)
        default: return current ?? word
        }
    }

    private mutating func value(of name: String, isUsed: Bool) -> String {
        if let value = variables[name] { return value }
        if isUsed { unset.insert(name) }
        return ""
    }
}
