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

    @Test("heads are bold only when colour is wanted")
    func boldHeads() {
        #expect(Table("A").text(colour: true) == "\u{1B}[1mA\u{1B}[0m\n")
    }
}
