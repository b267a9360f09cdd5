// SPDX-License-Identifier: Apache-2.0
// Makes stages of logical lines: knows where each instruction is allowed. The builder uses it; pure, no IO.

extension Dockerfile {
    /// Largest Dockerfile in bytes; the largest generated ones have some hundred KiB.
    package static let sizeLimit = 4 << 20
    /// Most instructions of a Dockerfile.
    ///
    /// An image may have 127 layers at most in practice; stages multiply that.
    static let instructionLimit = 10_000

    /// Parses a Dockerfile.
    ///
    /// - Parameters:
    ///   - text: the whole file, at most ``sizeLimit`` bytes.
    ///   - file: its name, for errors.
    /// - Throws: ``DockerfileError`` for the first mistake.
    package init(parsing text: String, file: String = "Dockerfile") throws(DockerfileError) {
        let start = DockerfileLocation(file: file, line: 1)
        guard text.utf8.count <= Self.sizeLimit else {
            throw DockerfileError(location: start, text: file, expected: "at most \(Self.sizeLimit) bytes")
        }
        self.file = file
        var lexer = try DockerfileLexer(text, file: file)
        directives = lexer.directives
        var count = 0
        while let line = try lexer.next() {
            count += 1
            do throws(SyntaxFailure) {
                guard count <= Self.instructionLimit else {
                    throw SyntaxFailure(line.text, expected: "at most \(Self.instructionLimit) instructions")
                }
                try add(line)
            } catch {
                let location = DockerfileLocation(file: file, line: line.line)
                throw DockerfileError(location: location, text: error.text, expected: error.expected)
            }
        }
        warnings = lexer.warnings + warnings
        guard !stages.isEmpty else {
            throw DockerfileError(location: start, text: file, expected: "at least one FROM instruction")
        }
    }

    private mutating func add(_ line: LogicalLine) throws(SyntaxFailure) {
        if line.keyword == "FROM" { return try begin(line) }
        var parser = InstructionParser(line: line, escape: directives.escape)
        let instruction = try parser.parse()
        warnings += parser.warnings.map { DockerfileWarning(line: line.line, text: $0) }
        if !stages.isEmpty {
            let step = Step(line: line.line, text: line.text, instruction: instruction)
            stages[stages.count - 1].steps.append(step)
        } else if case .argument(let declarations) = instruction {
            globalArguments += declarations
        } else {
            throw SyntaxFailure(line.text, expected: "FROM, or ARG, as the first instruction")
        }
    }

    private mutating func begin(_ line: LogicalLine) throws(SyntaxFailure) {
        var options = try InstructionOptions(line, allowed: ["platform": .text])
        let words = plainWords(options.rest)
        let isNamed = words.count == 3 && words[1].uppercased() == "AS"
        guard words.count == 1 || isNamed else {
            throw SyntaxFailure(line.text, expected: "FROM [--platform=P] IMAGE [AS NAME]")
        }
        var name: String?
        if isNamed {
            let lowered = words[2].lowercased()
            guard Self.isStageName(lowered) else {
                throw SyntaxFailure(
                    words[2],
                    expected: "a stage name: a letter, then letters, digits, '_', '.', '-'"
                )
            }
            if lowered == "scratch" || lowered == "context" {
                warnings.append(
                    DockerfileWarning(line: line.line, text: "stage name '\(words[2])' is a reserved word")
                )
            }
            if stages.contains(where: { $0.name == lowered }) {
                throw SyntaxFailure(words[2], expected: "a name that no earlier stage has")
            }
            name = lowered
        }
        let platform = options.take("platform")
        stages.append(
            Stage(line: line.line, text: line.text, name: name, base: words[0], platform: platform)
        )
    }

    private static func isStageName(_ name: String) -> Bool {
        guard let first = name.first, first.isASCIILetter else { return false }
        return name.allSatisfy { $0.isASCIILetter || $0.isASCIIDigit || "-_.".contains($0) }
    }

    /// Parses the text of an image's `ONBUILD`, which may contain here-documents.
    static func trigger(_ text: String, escape: Character) throws(SyntaxFailure) -> Step {
        let line: LogicalLine?
        do throws(DockerfileError) {
            var lexer = try DockerfileLexer(text, file: "ONBUILD")
            line = try lexer.next()
        } catch {
            throw SyntaxFailure(error.text, expected: error.expected)
        }
        guard let line else { throw SyntaxFailure(text, expected: "an instruction") }
        var parser = InstructionParser(line: line, escape: escape)
        return Step(line: line.line, text: line.text, instruction: try parser.parse())
    }
}
