// SPDX-License-Identifier: Apache-2.0
// Names of aliases, and the revision of each draw.

import FunctionModel
import Testing

@Suite struct AliasTests {
    private func alias(_ targets: [(revision: Int, percent: Double?)]) throws(ModelError) -> FunctionAlias {
        try FunctionAlias(name: AliasName("prod"), targets: FunctionAlias.targets(targets))
    }

    @Test("of all draws each revision gets exactly its share")
    func shares() throws {
        let alias = try alias([(7, 12.5), (3, nil), (9, 0.001)])
        var counts: [Int: Int] = [:]
        for draw in 0..<CallShare.whole.thousandths { counts[alias.revision(at: draw), default: 0] += 1 }
        #expect(counts == [3: 87_499, 7: 12_500, 9: 1])
        #expect(alias.targets.map(\.revision) == [3, 7, 9])
    }

    @Test("one revision without a weight gets all calls")
    func one() throws {
        let alias = try alias([(4, nil)])
        #expect([0, 50_000, 99_999].map(alias.revision(at:)) == [4, 4, 4])
        #expect(alias.targets.map(\.share) == [.whole])
    }

    @Test(
        "weights that do not sum up, too many revisions, or one that is there twice are refused",
        arguments: [
            [], [(1, 50)], [(1, 60), (2, 60)], [(1, 100), (2, nil)], [(1, 50), (1, 50)], [(0, 100)],
            [(1, 0), (2, 100)], [(1, -5), (2, 105)], [(1, .nan)], [(1, .infinity), (2, nil)],
            [(1, nil), (2, nil)], [(1, 99.9999), (2, nil)],
            [(1, 20), (2, 20), (3, 20), (4, 20), (5, 20)],
        ] as [[(Int, Double?)]]
    )
    func refused(_ targets: [(Int, Double?)]) {
        #expect(throws: ModelError.self) { try alias(targets.map { (revision: $0.0, percent: $0.1) }) }
    }

    @Test(
        "a name is letters, digits, '-' and '_', and not digits alone",
        arguments: [
            ("prod", true), ("v1", true), ("1a", true), ("a_b-C", true), ("12", false), ("", false),
            ("a b", false), ("a.b", false), ("ä", false), ("a/b", false), ("$LATEST", false),
            (String(repeating: "a", count: 128), true), (String(repeating: "a", count: 129), false),
        ]
    )
    func names(_ text: String, _ isValid: Bool) {
        let parsed = try? AliasName(text)
        #expect((parsed != nil) == isValid)
    }

    @Test("a version is a number or an alias")
    func versions() throws {
        #expect(try FunctionVersion("12") == .revision(12))
        #expect(try FunctionVersion("v12") == .alias(AliasName("v12")))
        #expect(throws: ModelError.self) { try FunctionVersion("12345678901234567890") }
        #expect(throws: ModelError.self) { try FunctionVersion("") }
        #expect(throws: ModelError.self) { try FunctionVersion("-1:") }
    }
}
