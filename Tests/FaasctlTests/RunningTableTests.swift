// SPDX-License-Identifier: Apache-2.0
// ps and top: shares of a processor between two looks; and names of signals.

import Foundation
import GatewayAPI
import Testing

@testable import faasctl

@Suite("What runs now, as a table")
struct RunningTableTests {
    private static func body(_ id: String, age: Double, cpu: Double?, container: String = "1-1")
        -> RunningBody
    {
        var body = RunningBody(
            kind: "call",
            id: id,
            image: "box",
            container: container,
            startedAt: Date(timeIntervalSince1970: 0),
            state: "running"
        )
        (body.ageMilliseconds, body.cpuMilliseconds, body.memoryBytes) = (age, cpu, 3 << 20)
        return body
    }

    @Test("shows the share of a processor between two looks at the same call")
    func share() {
        var table = RunningTable()
        table.look([Self.body("a", age: 1000, cpu: 100)])
        let later = Self.body("a", age: 3000, cpu: 600)
        #expect(table.share(later) == nil)
        table.look([later])
        #expect(table.share(later) == 25)
        table.look([Self.body("b", age: 10, cpu: 5)])
        #expect(table.share(Self.body("b", age: 10, cpu: 5)) == nil)
        table.look([Self.body("b", age: 20, cpu: nil)])
        #expect(table.share(Self.body("b", age: 20, cpu: nil)) == nil)
    }

    @Test("puts the busiest first in top, and keeps the order of age in ps")
    func order() {
        var table = RunningTable()
        let first = [Self.body("quiet", age: 1, cpu: 0), Self.body("busy", age: 1, cpu: 0, container: "2-1")]
        table.look(first)
        table.look([
            Self.body("quiet", age: 101, cpu: 1), Self.body("busy", age: 101, cpu: 90, container: "2-1"),
        ])
        func ids(_ table: Table) -> [String] {
            table.text(colour: false).split(separator: "\n").dropFirst().map {
                String($0.prefix { $0 != " " })
            }
        }
        #expect(ids(table.table(isTop: true)) == ["busy", "quiet"])
        #expect(ids(table.table(isTop: false)) == ["quiet", "busy"])
    }

    @Test("writes ids whole or short, with the container's name beside them")
    func ids() {
        let long = Self.body("0d9bfe11-4f5e-4be5-9d6d-000000000000", age: 1, cpu: 0, container: "7-3")
        var table = RunningTable()
        table.look([long])
        #expect(table.ids == ["0d9bfe11-4f5"])
        #expect(table.table(isTop: false).text(colour: false).contains("7-3"))
        table.isWhole = true
        #expect(table.ids == [long.id])
    }

    @Test("a signal that has no number is refused")
    func signals() throws {
        #expect(try SignalArgument.number("sigusr1") == 10)
        #expect(throws: (any Error).self) { try SignalArgument.number("NOPE") }
    }
}
