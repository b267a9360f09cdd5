// SPDX-License-Identifier: Apache-2.0
// Tables for people.

import Testing

@testable import faasctl

@Suite struct TableTests {
    @Test("columns are as wide as their widest cell, the last one ends with its text")
    func alignsColumns() {
        var table = Table("NAME", "CALLS")
        table.add("hello", "3")
        table.add("a", "")
        #expect(table.text(colour: false) == "NAME   CALLS\nhello  3\na      -\n")
    }

    @Test("control characters of a function's author do not reach the terminal")
    func hidesControlCharacters() {
        var table = Table("TEXT")
        table.add("a\u{1B}[2Jb")
        #expect(table.text(colour: false) == "TEXT\na?[2Jb\n")
    }

    @Test("the widest columns are cut until a line fits the terminal, heads and short cells stay")
    func fits() {
        var table = Table("NAME", "IMAGE", "STATE")
        let image = "registry.example.org/team/project/image:2026"
        table.add("hello", image, "ok")
        table.add("a-function-with-a-name", "b", "ok")
        let lines = table.text(colour: false, width: 40).split(separator: "\n").map(String.init)
        #expect(lines.allSatisfy { $0.count <= 40 }, "\(lines)")
        #expect(lines[0].hasPrefix("NAME") && lines[0].hasSuffix("STATE"))
        #expect(lines[1].hasPrefix("hello ") && lines[1].contains("…"))
        #expect(table.text(colour: false, width: nil).contains(image))
        #expect(table.text(colour: false, width: 200) == table.text(colour: false, width: nil))
        // Narrower than its columns can be: as narrow as they can be.
        #expect(table.text(colour: false, width: 1).contains("a-funct…"))
    }

    @Test("heads are bold only when colour is wanted")
    func boldHeads() {
        #expect(Table("A").text(colour: true) == "\u{1B}[1mA\u{1B}[0m\n")
    }
}
