// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Compose

@Suite struct VariableTemplateTests {
    private static let variables = ["A": "1", "EMPTY": "", "LONG_name2": "x"]

    @Test(
        "variables have the forms of the specification",
        arguments: [
            ("$A", "1"), ("${A}", "1"), ("a${A}b$A.c", "a1b1.c"), ("$$A $${A}", "$A ${A}"),
            ("${LONG_name2}", "x"),
            ("${N:-d}", "d"), ("${EMPTY:-d}", "d"), ("${A:-d}", "1"), ("${N-d}", "d"), ("${EMPTY-d}", ""),
            ("${A:+r}", "r"), ("${EMPTY:+r}", ""), ("${EMPTY+r}", "r"), ("${N+r}", ""), ("${N:+r}", ""),
            ("${A:?e}", "1"), ("${EMPTY?e}", ""), ("${N:-${A}}", "1"), ("${N:-a${M:-b${A}}c}", "ab1c"),
            ("${N:-$A}", "1"), ("${A:-${N:?no}}", "1"), ("${N:-a b:c/d}", "a b:c/d"), ("${N:-$$}", "$"),
            ("${N}", ""), ("50%", "50%"), ("${N:-{}}", "{}"), ("ä$A", "ä1"),
        ]
    )
    func substitutes(text: String, expected: String) throws {
        var template = VariableTemplate(variables: Self.variables)
        #expect(try template.substitute(text) == expected)
    }

    @Test(
        "what is no variable is refused",
        arguments: [
            ("$", "'$' is not a variable"), ("a $ b", "'$ b' is not"), ("${", "'${' is not"),
            ("${}", "'${}' is not"),
            ("${A", "'${A' is not"), ("$1", "'$1' is not"), ("${A:}", "'${A:}' is not"),
            ("${A*x}", "'${A*x}' is not"),
            ("${N:-${A}", "'${N:-${A}' is not"),
        ]
    )
    func refuses(text: String, message: String) {
        var template = VariableTemplate(variables: Self.variables)
        let error = #expect(throws: VariableError.self) { try template.substitute(text) }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test("a required variable says its message, and only where it is needed")
    func required() {
        var template = VariableTemplate(variables: Self.variables)
        #expect(throws: VariableError.required(name: "N", message: "set 1")) {
            try template.substitute("${N:?set $A}")
        }
        #expect(throws: VariableError.required(name: "EMPTY", message: "")) {
            try template.substitute("${EMPTY:?}")
        }
        #expect(throws: Never.self) { try template.substitute("${A:-${N?never asked}}") }
    }

    @Test("variables without value and default are counted, those of branches not taken are not")
    func unset() throws {
        var template = VariableTemplate(variables: Self.variables)
        _ = try template.substitute("$N ${M} ${A:-$P} ${Q:-d} ${EMPTY}")
        #expect(template.unset == ["N", "M"])
    }

    @Test("defaults inside each other and the text that they make are bounded")
    func bounds() {
        var template = VariableTemplate(variables: ["A": String(repeating: "x", count: 1 << 20)])
        let deep = String(repeating: "${N:-", count: 17) + String(repeating: "}", count: 17)
        #expect(throws: VariableError.tooDeep) { try template.substitute(deep) }
        #expect(throws: VariableError.tooLarge) { try template.substitute("$A$A$A$A$A") }
        #expect(throws: VariableError.tooLarge) { for _ in 0..<5 { _ = try template.substitute("$A") } }
    }
}

@Suite struct ShellWordsTests {
    @Test(
        "a text is split as a shell splits it",
        arguments: [
            ("python app.py", ["python", "app.py"]), (#"a "b c" 'd e' f\ g"#, ["a", "b c", "d e", "f g"]),
            (#"sh -c "echo \"x\" \$Y \n""#, ["sh", "-c", #"echo "x" $Y \n"#]), ("  a\n\tb  ", ["a", "b"]),
            (#"a"b"'c'd ''"#, ["abcd", ""]), ("a && b | c", ["a", "&&", "b", "|", "c"]), ("", []),
            ("ä ö", ["ä", "ö"]),
        ]
    )
    func splits(text: String, words: [String]) { #expect(ShellWords.split(text) == words) }

    @Test("an open quote and a last backslash are no words", arguments: ["a 'b", #"a "b"#, #"a\"#, #""a\"#])
    func refuses(text: String) { #expect(ShellWords.split(text) == nil) }
}

@Suite struct FilePathTests {
    @Test(
        "paths are relative to a folder",
        arguments: [
            (".", "/srv/shop"), ("./a/../b", "/srv/shop/b"), ("../x", "/srv/x"), ("/a//b/./c", "/a/b/c"),
            ("../../../..", "/"), ("~", "/home/ada"), ("~/k", "/home/ada/k"), ("~k", "/srv/shop/~k"),
        ]
    )
    func absolute(path: String, expected: String) {
        #expect(FilePath.absolute(path, in: "/srv/shop", home: "/home/ada") == expected)
    }

    @Test("the folder of a file", arguments: [("/a/b.yaml", "/a"), ("/b", "/"), ("b", ".")])
    func folder(path: String, expected: String) { #expect(FilePath.folder(of: path) == expected) }
}
