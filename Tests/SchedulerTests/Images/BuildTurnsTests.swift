// SPDX-License-Identifier: Apache-2.0
// Builds at once are bounded.

import Testing

@testable import Scheduler

@Suite struct BuildTurnsTests {
    @Test("there is no turn beyond the bound, and each is given back once, even when nothing says so")
    func turns() throws {
        let turns = BuildTurns()
        var held: [BuildTurns.Turn] = []
        for _ in 0..<BuildTurns.countMax { held.append(try #require(turns.take())) }
        #expect(turns.take() == nil)
        held[0].giveBack()
        held[0].giveBack()
        held[0] = try #require(turns.take())
        #expect(turns.take() == nil)
        held.removeAll()
        #expect(turns.take() != nil)
    }
}
