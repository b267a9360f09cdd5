// SPDX-License-Identifier: Apache-2.0
// docs/reference/lambda-api.md against the operations of AWS Lambda's API, their rules and their refusals.

import FunctionModel
import GatewayAPI
import Testing

@testable import Gateway

@Suite("docs/reference/lambda-api.md")
struct LambdaPageTests {
    @Test("has a row for every operation, with its path, its scope and what becomes of it")
    func operations() throws {
        let page = try ReferencePage.read("lambda-api.md")
        let rows = page.rows(of: "operation")
        #expect(rows.count == LambdaOperation.allCases.count)
        for operation in LambdaOperation.allCases {
            guard let row = rows.first(where: { $0.cells.first == "`\(operation.rawValue)`" }) else {
                Issue.record("\(page.path) lacks \(operation.rawValue)")
                continue
            }
            #expect(row.cells[1] == "`\(operation.pattern)`")
            #expect(row.cells[2] == RouteRules.rule(operation).scope?.rawValue, "\(operation)")
            let wanted: String =
                switch operation.refusal {
                case .nothingThere(let reason): "`ResourceNotFoundException`: \(reason)"
                case .unserved(let reason): "`InvalidParameterValueException`: \(reason)"
                case nil: "served"
                }
            #expect(row.cells[3].hasPrefix(wanted), "\(operation): \(row.cells[3])")
        }
    }
}
