// SPDX-License-Identifier: Apache-2.0
// A year of due times in every time zone whose clock changes, against those that croniter and zoneinfo give.

import Foundation
import Testing

@testable import Schedules

/// The due times of one expression in one zone, within a span; a line of Programs/due-times.
private struct DueTimes: Decodable {
    var zone: String
    var expression: String
    /// Seconds since 1970, exclusive.
    var first: Int
    /// Seconds since 1970, inclusive.
    var end: Int
    var due: [Int]

    static let program = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appending(path: "Programs/due-times").path
    /// Debian's own, for which its packages install modules.
    static let python = "/usr/bin/python3"

    static var isAvailable: Bool {
        FileManager.default.fileExists(atPath: "/usr/lib/python3/dist-packages/croniter/__init__.py")
    }

    /// Blocks until the program has ended.
    static func of(year: Int) throws -> [DueTimes] {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = [program, "\(year)"]
        process.standardOutput = output
        try process.run()
        let lines = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return try lines.split(separator: UInt8(ascii: "\n")).map {
            try JSONDecoder().decode(DueTimes.self, from: $0)
        }
    }
}

@Suite struct YearOfSchedulesTests {
    @Test(
        "a year in every time zone whose clock changes is due when croniter and Vixie cron's rule say",
        .enabled(if: DueTimes.isAvailable, "Debian's python3-croniter is needed")
    )
    func year() throws {
        let all = try DueTimes.of(year: 2026)
        #expect(Set(all.map(\.zone)).count > 100)
        #expect(Set(all.map(\.expression)).count == 11)
        var different: [String] = []
        for wanted in all {
            let zone = try #require(TimeZone(identifier: wanted.zone), "\(wanted.zone)")
            let expression = try CronExpression(wanted.expression, field: "cron")
            var found: [Int] = []
            var last = Date(timeIntervalSince1970: TimeInterval(wanted.first))
            while let next = expression.next(after: last, in: zone, phase: last),
                next.timeIntervalSince1970 <= TimeInterval(wanted.end)
            {
                found.append(Int(next.timeIntervalSince1970))
                last = next
            }
            guard found != wanted.due else { continue }
            let missing = Set(wanted.due).subtracting(found).sorted().prefix(3)
            let surplus = Set(found).subtracting(wanted.due).sorted().prefix(3)
            different.append(
                "\(wanted.zone) '\(wanted.expression)': missing \(missing), surplus \(surplus)"
            )
        }
        #expect(different.isEmpty, "\(different.count): \(different.prefix(20).joined(separator: "\n"))")
    }
}
