// SPDX-License-Identifier: Apache-2.0
// A test without @Test never runs and never fails: this finds them.

enum TestAttributes {
    /// Functions in test files that look like a test and are none.
    static func violations(in file: SourceFile) -> [Violation] {
        guard file.isSwift, file.path.hasPrefix("Tests/"), imports(file, "Testing") else { return [] }
        var found: [Violation] = []
        for span in FunctionFinder.swiftFunctions(in: file) where looksLikeTest(span, file) {
            guard !hasAttribute(file, above: span.firstLine - 1) else { continue }
            found.append(
                Violation(
                    path: file.path,
                    line: span.firstLine,
                    message: "\(span.name) has no @Test: it never runs"
                )
            )
        }
        return found
    }

    private static func imports(_ file: SourceFile, _ module: String) -> Bool {
        file.code.contains { ImportGraph.importedModule($0) == module }
    }

    /// Identified by its name; or it expects something, takes and returns nothing, and is not called in its file.
    private static func looksLikeTest(_ span: FunctionSpan, _ file: SourceFile) -> Bool {
        guard span.signature.hasPrefix("func") else { return false }
        let declaration = file.code[span.firstLine - 1]
        if declaration.words.contains("private") || declaration.words.contains("static") { return false }
        if span.name.hasPrefix("test"), span.name.count > 4, span.signature.contains("()") { return true }
        guard span.signature.contains("()"), !span.signature.contains("->") else { return false }
        let body = file.code[(span.firstLine - 1)..<span.lastLine]
        guard body.contains(where: { $0.contains("#expect") || $0.contains("#require") }) else {
            return false
        }
        let uses = file.code.count { $0.containsCall(span.name + "(") }
        return uses <= 1
    }

    /// `@Test` on the declaration's line or in the attributes directly above, which may take several lines.
    private static func hasAttribute(_ file: SourceFile, above index: Int) -> Bool {
        var line = index
        while line >= 0 {
            let code = file.code[line]
            if code.contains("@Test") { return true }
            if line < index, code.trimmed.isEmpty || code.contains("{") && !code.contains("}") {
                return false
            }
            if line < index, code.trimmed == "}" || code.words.contains("func") { return false }
            line -= 1
        }
        return false
    }
}
