// SPDX-License-Identifier: Apache-2.0
// Which of what runs an operator means.

import Testing

@testable import Scheduler

@Suite("A name of what runs")
struct RunningNameTests {
    private let names = [
        RunningName(id: "abcd-1", container: "3-1", function: "hello"),
        RunningName(id: "abcd-2", container: "4-7", function: "other"),
        RunningName(id: "3-9", container: "5-1"),
        RunningName(id: "abcd-22", container: "6-1", function: "other"),
    ]

    @Test("is a whole id, a container's name, the function of one call, or the only beginning of an id")
    func find() {
        #expect(RunningName.find("abcd-2", among: names) == .one(1))
        #expect(RunningName.find("4-7", among: names) == .one(1))
        #expect(RunningName.find("3-9", among: names) == .one(2))
        #expect(RunningName.find("hello", among: names) == .one(0))
        #expect(RunningName.find("3", among: names) == .one(2))
        #expect(RunningName.find("abcd-", among: [names[0], names[2]]) == .one(0))
    }

    @Test("means none of several")
    func several() {
        #expect(RunningName.find("other", among: names) == .several(2))
        #expect(RunningName.find("abcd", among: names) == .several(3))
        #expect(RunningName.find("", among: names) == .none)
        #expect(RunningName.find("", among: [RunningName(id: "", container: "1-1")]) == .none)
        #expect(RunningName.find("abcd-3", among: names) == .none)
    }

    @Test("that a client made to look like another's means none")
    func forged() {
        for id in ["4-7", "abcd-2"] {
            let all = names + [RunningName(id: id, container: "9-9", function: "evil")]
            #expect(RunningName.find(id, among: all) == .several(2))
            #expect(RunningName.find("9-9", among: all) == .one(4))
        }
        let all = names + [RunningName(id: "hello", container: "9-9", function: "evil")]
        #expect(RunningName.find("hello", among: all) == .several(2))
    }
}
