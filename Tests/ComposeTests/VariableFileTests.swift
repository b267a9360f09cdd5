// SPDX-License-Identifier: Apache-2.0

import ManifestReader
import Testing

@testable import Compose

@Suite struct VariableFileTests {
    private func read(_ text: String, _ environment: [String: String] = [:]) throws -> [String: String] {
        try VariableFile(text, file: ".env", environment: environment).values(in: environment)
    }

    @Test("lines, comments, quotes and line ends")
    func forms() throws {
        let text = """
            # a comment
            A=1
              B = two words   # comment
            export C='$A # literal'
            D="a\\n$A\\t\\"q\\" \\$A"
            E=a#b
            F=
            G: yes
            H="x" # after

            I='two
            lines'
            J=${A}-${K:-d}\r
            """
        #expect(
            try read(text) == [
                "A": "1", "B": "two words", "C": "$A # literal", "D": "a\n1\t\"q\" $A", "E": "a#b", "F": "",
                "G": "yes",
                "H": "x", "I": "two\nlines", "J": "1-d",
            ]
        )
    }

    @Test("a name alone takes the value of the environment, or is absent")
    func inherited() throws { #expect(try read("A\nB\n", ["A": "x"]) == ["A": "x"]) }

    @Test("variables of the environment win inside values")
    func precedence() throws {
        #expect(try read("A=1\nB=$A", ["A": "9"]) == ["A": "1", "B": "9"])
    }

    @Test("the raw format keeps everything behind the sign")
    func raw() throws {
        let file = try VariableFile("A=\"$B\" # c\nC= x", file: "f", environment: nil)
        #expect(file.values(in: [:]) == ["A": "\"$B\" # c", "C": " x"])
    }

    @Test(
        "mistakes have the line",
        arguments: [
            ("A=1\n=x", ".env:2:1: '=x' is not a variable's name"), ("1A=x", ".env:1:1: '1A' is not"),
            ("A B", ".env:1:1: '=' is missing after 'A'"),
            ("\n\nA='x\ny", ".env:3:1: a quoted value has no end"),
            ("A=\"x\" y", ".env:1:1: text after the quoted value"),
            ("A=${X:?need}", ".env:1:1: the variable 'X' is required: need"),
        ]
    )
    func mistakes(text: String, message: String) {
        let error = #expect(throws: ManifestError.self) { try read(text) }
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    }

    @Test("too many variables are refused")
    func bound() {
        let text = String(repeating: "A=1\n", count: VariableFile.variablesMax + 1)
        #expect(throws: ManifestError.self) { try read(text) }
        #expect(throws: Never.self) { try read(String(text.dropLast(4))) }
    }
}
