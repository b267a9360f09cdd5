// SPDX-License-Identifier: Apache-2.0
// The state chart of docs/ARCHITECTURE.md uses the words of the sources: a renamed or new state needs its row.

import Foundation
import Testing

@Suite("States in docs/ARCHITECTURE.md")
struct ArchitecturePageTests {
    /// The cases of the `Phase` that a Swift file declares.
    private static func phases(_ path: String) throws -> [String] {
        let text = try String(
            contentsOf: ReferencePage.root.appendingPathComponent(path),
            encoding: .utf8
        )
        let start = try #require(text.range(of: "enum Phase"))
        let end = try #require(text.range(of: "\n    }", range: start.upperBound..<text.endIndex))
        return text[start.upperBound..<end.lowerBound].matches(of: #/\n +case (\w+)/#).map { String($0.1) }
    }

    @Test("are those of the pool, of the gateway's slot and of the slot process")
    func states() throws {
        let page = try ReferencePage(
            path: "docs/ARCHITECTURE.md",
            text: String(
                contentsOf: ReferencePage.root.appendingPathComponent("docs/ARCHITECTURE.md"),
                encoding: .utf8
            )
        )
        let chart = page.blocks(of: "mermaid").joined()
        for state in try Self.phases("Sources/Scheduler/Pool/PoolPhases.swift") where !chart.contains(state) {
            Issue.record("\(page.path): the state chart lacks '\(state)' of PoolState.Phase")
        }
        let rows = page.rows(of: "`PoolState` (pool)").flatMap(\.cells).joined(separator: " ")
        for state in try Self.phases("Sources/Sandbox/Running/SlotState.swift") where !rows.contains(state) {
            Issue.record("\(page.path): the table of states lacks '\(state)' of SlotState.Phase")
        }
        let headers = try SourceScan.texts(in: "Sources/CSpawner", endings: [".h"])
        for state in SourceScan.captures(#/(STAGE_\w+)[,\s]/#, in: headers) where !rows.contains(state) {
            Issue.record("\(page.path): the table of states lacks '\(state)' of enum sandbox_stage")
        }
    }
}
