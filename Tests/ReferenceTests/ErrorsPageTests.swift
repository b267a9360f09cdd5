// SPDX-License-Identifier: Apache-2.0
// docs/reference/errors.md against the codes of Problem and the statuses that the sources give them.

import Contracts
import Foundation
import FunctionModel
import Scheduler
import Testing

@testable import Gateway

@Suite("docs/reference/errors.md")
struct ErrorsPageTests {
    /// Statuses by code: those written beside it in the sources, and those of an invocation's outcomes.
    private static func statuses() throws -> [String: String] {
        var statuses: [String: Set<String>] = [:]
        let codes = Dictionary(uniqueKeysWithValues: Problem.Code.allCases.map { ("\($0)", $0.rawValue) })
        for text in try SourceScan.texts(in: "Sources/Gateway") {
            for match in text.matches(of: #/\(\s*(\d{3}),\s*\.(\w+)/#) {
                guard let code = codes[String(match.2)] else { continue }
                statuses[code, default: []].insert(String(match.1))
            }
            for match in text.matches(of: #/StatusTable\.status\(\.(\w+)\),\s*\.(\w+)/#) {
                guard let outcome = Outcome.allCases.first(where: { "\($0)" == match.1 }),
                    let code = codes[String(match.2)]
                else { continue }
                statuses[code, default: []].insert(String(StatusTable.status(outcome)))
            }
        }
        let refusals: [InvocationRefusal] = [
            .busy(retryAfterSeconds: 1), .unavailable(reason: "", retryAfterSeconds: 1),
            .cannotStart(reason: ""),
            .requestTooLarge(bytes: 1, max: 1), .requestInvalid(.unprintablePath), .cancelled,
        ]
        for problem in refusals.map(Problem.init) {
            statuses[problem.code.rawValue, default: []].insert(String(problem.status))
        }
        for outcome in Outcome.allCases {
            let record = Invocation(
                id: "",
                function: try FunctionName("f"),
                revision: 1,
                trigger: .http,
                startedAt: Date(timeIntervalSince1970: 0),
                status: 0,
                outcome: outcome
            )
            guard let problem = Problem(record) else { continue }
            statuses[problem.code.rawValue, default: []].insert(String(problem.status))
        }
        return statuses.mapValues { $0.sorted().joined(separator: ", ") }
    }

    @Test(
        "has a row for every code of a problem, with the statuses that the sources give it, and for no other"
    )
    func codes() throws {
        let page = try ReferencePage.read("errors.md")
        let statuses = try Self.statuses()
        let codes = Dictionary(
            uniqueKeysWithValues: Problem.Code.allCases.map {
                ($0.rawValue, "status \(statuses[$0.rawValue] ?? "of an HTTP error")")
            }
        )
        expectNames(page, table: "code", in: codes)
        expectValues(page, table: "code", column: "status", are: statuses)
        for row in page.rows(of: "code") where row.cells.contains("") {
            Issue.record("\(page.path): the row of \(row.cells[0]) has an empty cell")
        }
    }
}
