// SPDX-License-Identifier: Apache-2.0
// Variables, quotes and escapes.

import Testing

@testable import ImageBuilder

@Suite struct DockerfileExpansionTests {
    static let variables = ["v": "value", "empty": "", "path": "/a/b/c.tar.gz", "n": "2", "sp": "a b"]

    static let words: [(String, String)] = [
        ("$v", "value"), ("${v}", "value"), ("a${v}b", "avalueb"), ("$v-$n", "value-2"), ("$missing", ""),
        ("$", "$"), ("a$ b", "a$ b"), ("$.", "$."), ("\\$v", "$v"), ("'$v'", "$v"), ("\"$v\"", "value"),
        ("\"\\$v\"", "$v"), ("\"\\a\"", "\\a"), ("\\a", "a"), ("'a\\'", "a\\"), ("\"a\\\"b\"", "a\"b"),
        ("a\\", "a\\"),
        ("${missing:-d}", "d"), ("${empty:-d}", "d"), ("${v:-d}", "value"), ("${empty-d}", ""),
        ("${missing-d}", "d"),
        ("${v:+s}", "s"), ("${empty:+s}", ""), ("${empty+s}", "s"), ("${missing+s}", ""),
        ("${v:?no}", "value"),
        ("${empty?no}", ""), ("${missing:-${v}}", "value"), ("${missing:-${other:-$n}}", "2"),
        ("${missing:-'$v'}", "$v"),
        ("${path#*/}", "a/b/c.tar.gz"), ("${path##*/}", "c.tar.gz"), ("${path%.*}", "/a/b/c.tar"),
        ("${path%%.*}", "/a/b/c"), ("${path#x}", "/a/b/c.tar.gz"), ("${path%?z}", "/a/b/c.tar."),
        ("${path/a/X}", "/X/b/c.tar.gz"), ("${path//a/X}", "/X/b/c.tXr.gz"), ("${path//.}", "/a/b/ctargz"),
        ("${path/\\//-}", "-a/b/c.tar.gz"), ("${v/?/$n}", "2alue"), ("${v/*/x}", "x"),
        ("${v//zz/x}", "value"),
        ("${v#$missing}", "value"), ("$1$@", ""),
    ]

    @Test("a word expands as the reference says", arguments: words)
    func word(text: String, expected: String) throws {
        #expect(try WordExpander(Self.variables).expand(text) == expected)
    }

    @Test(
        "what cannot be expanded is an error that quotes it",
        arguments: [
            ("${v", "a closing brace"), ("${missing:?say why}", "say why"),
            ("${empty:?}", "a value for 'empty'"),
            ("${v^}", "in ${…}"), ("${}", "in ${…}"), ("'open", "closing single quote"),
            ("\"open", "closing double quote"),
            ("${v:x}", "in ${…}"), ("${v:-x", "a closing brace"), ("${v/a", "a closing brace"),
        ]
    )
    func failure(text: String, expected: String) {
        let error = #expect(throws: SyntaxFailure.self) { try WordExpander(Self.variables).expand(text) }
        #expect(error?.expected.contains(expected) == true, "\(error?.expected ?? "")")
    }

    @Test("lists are cut at blanks, also at those from variables, but not inside quotes")
    func lists() throws {
        let expander = WordExpander(Self.variables)
        #expect(try expander.words("$sp \"$sp\" 'c d' e\\ f") == ["a", "b", "a b", "c d", "e f"])
        #expect(try expander.words("  ") == [])
        #expect(try expander.words("''") == [""])
    }

    @Test("the other escape character leaves backslashes alone")
    func backtick() throws {
        let expander = WordExpander(["v": "x"], escape: "`")
        #expect(try expander.expand("C:\\$v\\`$v") == "C:\\x\\$v")
    }

    @Test("documents keep their quotes")
    func documents() throws {
        let expander = WordExpander(Self.variables)
        #expect(
            try expander.expandDocument("\"$v\" '${v}' \\$v \\\\ \\a\n") == "\"value\" 'value' $v \\ \\a\n"
        )
    }

    @Test("neither depth nor size can explode")
    func bounds() {
        let deep = String(repeating: "${m:-", count: 100) + String(repeating: "}", count: 100)
        #expect(throws: SyntaxFailure.self) { try WordExpander([:]).expand(deep) }
        let big = WordExpander(["x": String(repeating: "x", count: 1000)])
        #expect(throws: SyntaxFailure.self) { try big.expand(String(repeating: "$x", count: 1100)) }
        #expect(throws: SyntaxFailure.self) { try big.expandDocument(String(repeating: "$x", count: 1100)) }
    }

    @Test("a pattern of many stars takes no time")
    func stars() throws {
        let expander = WordExpander(["x": String(repeating: "a", count: 2000)])
        #expect(try expander.expand("${x#" + String(repeating: "*a", count: 30) + "b}").count == 2000)
    }
}
