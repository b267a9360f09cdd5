// SPDX-License-Identifier: Apache-2.0
// The arguments of every instruction except FROM. The Dockerfile parser uses it; pure.

/// Parses one logical line.
struct InstructionParser {
    /// Every instruction name, for suggestions.
    static let keywords = [
        "FROM", "ARG", "ENV", "COPY", "ADD", "RUN", "CMD", "ENTRYPOINT", "SHELL", "WORKDIR", "USER", "LABEL",
        "EXPOSE",
        "VOLUME", "STOPSIGNAL", "HEALTHCHECK", "ONBUILD", "MAINTAINER",
    ]

    let line: LogicalLine
    let escape: Character
    private(set) var warnings: [String] = []

    init(line: LogicalLine, escape: Character) {
        self.line = line
        self.escape = escape
    }

    mutating func parse() throws(SyntaxFailure) -> Instruction {
        switch line.keyword {
        case "COPY": return .copy(try copy(allowed: Self.copyOptions))
        case "ADD": return .add(try copy(allowed: Self.addOptions))
        case "RUN": return .run(try run())
        case "HEALTHCHECK": return .healthcheck(try healthcheck())
        default: break
        }
        guard Self.keywords.contains(line.keyword) else {
            let hint = nearestHint(line.keyword, among: Self.keywords)
            throw SyntaxFailure(line.writtenKeyword, expected: "an instruction" + hint)
        }
        let rest = try InstructionOptions(line, allowed: [:]).rest
        switch line.keyword {
        case "ENV": return .environment(try namedValues(rest))
        case "LABEL": return .label(try namedValues(rest))
        case "ARG": return .argument(try arguments(rest))
        case "CMD": return .command(try command(rest))
        case "ENTRYPOINT": return .entrypoint(try command(rest))
        case "SHELL": return .shell(try shell(rest))
        case "WORKDIR": return .workingDirectory(try single(rest, "a path"))
        case "USER": return .user(try single(rest, "a user, or user:group"))
        case "STOPSIGNAL": return .stopSignal(try single(rest, "a signal"))
        case "MAINTAINER":
            warnings.append("MAINTAINER is deprecated; use LABEL org.opencontainers.image.authors")
            return .maintainer(try single(rest, "a name"))
        case "EXPOSE": return .expose(try list(rest, "a port, PORT/tcp or PORT/udp"))
        case "VOLUME": return .volume(try pathList(rest))
        default: return try onBuild(rest)
        }
    }

    // MARK: One argument, lists

    private func single(_ rest: String, _ expected: String) throws(SyntaxFailure) -> String {
        guard !rest.isEmpty else {
            throw SyntaxFailure(line.text, expected: expected + " after \(line.keyword)")
        }
        return rest
    }

    private func list(_ rest: String, _ expected: String) throws(SyntaxFailure) -> [String] {
        rawWords(try single(rest, expected), escape: escape)
    }

    private func pathList(_ rest: String) throws(SyntaxFailure) -> [String] {
        switch JSONForm(try single(rest, "a path")) {
        case .strings(let paths):
            guard !paths.isEmpty, !paths.contains("") else {
                throw SyntaxFailure(line.text, expected: "a path after VOLUME")
            }
            return paths
        case .otherArray: throw notStrings()
        case .none: return plainWords(rest)
        }
    }

    private func notStrings() -> SyntaxFailure {
        SyntaxFailure(line.text, expected: "strings only in the JSON array")
    }

    // MARK: Commands

    func command(_ rest: String) throws(SyntaxFailure) -> CommandForm {
        switch JSONForm(rest) {
        case .strings(let words): return .exec(words)
        case .otherArray: throw notStrings()
        // An empty CMD or ENTRYPOINT clears the inherited one.
        case .none: return rest.isEmpty ? .exec([]) : .shell(rest)
        }
    }

    private func shell(_ rest: String) throws(SyntaxFailure) -> [String] {
        guard case .strings(let words) = JSONForm(rest), !words.isEmpty else {
            throw SyntaxFailure(line.text, expected: "SHELL [\"program\", \"parameter\"]")
        }
        return words
    }

    // MARK: Names and values

    private mutating func namedValues(_ rest: String) throws(SyntaxFailure) -> [NamedValue] {
        let words = rawWords(try single(rest, "NAME=value"), escape: escape)
        if let first = words.first, !first.contains("=") {
            let value = rest.dropFirst(first.count).drop(while: \.isBlank)
            guard !value.isEmpty else {
                throw SyntaxFailure(line.text, expected: "NAME=value after \(line.keyword)")
            }
            warnings.append("'\(line.keyword) name value' is deprecated; write \(line.keyword) name=value")
            return [NamedValue(first, String(value))]
        }
        var pairs: [NamedValue] = []
        for word in words {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                String.init
            )
            guard parts.count == 2 else { throw SyntaxFailure(word, expected: "NAME=value") }
            guard !parts[0].isEmpty else { throw SyntaxFailure(word, expected: "a name before '='") }
            pairs.append(NamedValue(parts[0], parts[1]))
        }
        return pairs
    }

    private func arguments(_ rest: String) throws(SyntaxFailure) -> [ArgumentDeclaration] {
        var declarations: [ArgumentDeclaration] = []
        for word in try list(rest, "NAME or NAME=default") {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                String.init
            )
            guard !parts[0].isEmpty else { throw SyntaxFailure(word, expected: "a name before '='") }
            declarations.append(
                ArgumentDeclaration(name: parts[0], defaultValue: parts.count == 2 ? parts[1] : nil)
            )
        }
        return declarations
    }

    // MARK: Triggers

    private mutating func onBuild(_ rest: String) throws(SyntaxFailure) -> Instruction {
        var inner = LogicalLine(
            line: line.line,
            keyword: "",
            writtenKeyword: "",
            rest: "",
            heredocs: line.heredocs
        )
        let keyword = rest.prefix { !$0.isBlank }
        inner.keyword = keyword.uppercased()
        inner.writtenKeyword = String(keyword)
        inner.rest = String(rest.dropFirst(keyword.count).drop(while: \.isBlank))
        guard !keyword.isEmpty else {
            throw SyntaxFailure(line.text, expected: "an instruction after ONBUILD")
        }
        if ["ONBUILD", "FROM", "MAINTAINER"].contains(inner.keyword) {
            throw SyntaxFailure(line.text, expected: "an instruction other than ONBUILD, FROM and MAINTAINER")
        }
        // Parsed only to find mistakes now instead of in a later build from the image.
        var parser = InstructionParser(line: inner, escape: escape)
        _ = try parser.parse()
        warnings += parser.warnings
        let documents = line.heredocs.map { "\n\($0.content)\($0.name)" }.joined()
        return .onBuild(inner.text + documents)
    }
}
