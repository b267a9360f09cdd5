// SPDX-License-Identifier: Apache-2.0
// How many processes a cgroup lets through.

import Testing

@testable import Sandbox

@Suite("Room for processes")
struct ProcessRoomTests {
    @Test("is the remainder of the limit, never negative, and unknown without a limit")
    func room() {
        #expect(ProcessRoom.room(in: "/c", max: "12\n", current: "5\n")?.left == 7)
        #expect(ProcessRoom.room(in: "/c", max: "12\n", current: "20\n")?.left == 0)
        #expect(ProcessRoom.room(in: "/c", max: "max\n", current: "5\n") == nil)
        #expect(ProcessRoom.room(in: "/c", max: "", current: "") == nil)
    }
}
