// SPDX-License-Identifier: Apache-2.0
// What the rules see of a source text.

import Testing

@Suite("Code view")
struct CodeViewTests {
    @Test(
        "comments and string contents are blanked, code is not",
        arguments: [
            ("a // b", "a     "),
            ("a /* b /* c */ d */ e", "a                   e"),
            ("f(\"b { c\")", "f(\"     \")"),
            ("f(\"a\\\"b\", c)", "f(\"    \", c)"),
            ("f(\"a\\(g(\"x\", y))b\")", "f(\"  (g(\" \", y)) \")"),
            ("f(#\"a\"b\\(c)\"#, d)", "f(#\"       \"#, d)"),
            ("\"\"\"\na \"b\"\n\"\"\" c", "\"\"\"\n     \n\"\"\" c"),
        ]
    )
    func swift(source: String, code: String) {
        #expect(CodeView.code(of: source, .swift) == code)
    }

    @Test("in C, character literals do not begin strings and comments do not nest")
    func c() {
        #expect(
            CodeView.code(of: "f('\"', '\\''); /* a /* b */ g();", .c) == "f(' ', '  ');              g();"
        )
    }
}
