// SPDX-License-Identifier: Apache-2.0
// A deploy while calls run loses none of them, and later calls see the new revision.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct DeployUnderLoadTests {
        @Test("ten deploys under load lose no call; after each one new calls see its revision")
        func losesNothing() async throws {
            try await GatewayUnderTest.with { gateway in
                let folder = try await Fixtures.function("hello")
                try await gateway.require("deploy", folder)
                let tally = try await gateway.underLoad("/function/hello", atOnce: 8) { tally in
                    for number in 1...10 {
                        try await gateway.require("deploy", folder, "--env", "GREETING=Number \(number)")
                        let answer = try await gateway.call("/function/hello")
                        #expect(answer.text == "Number \(number) from a fresh container\n")
                        try await tally.reached(tally.answered + 20)
                    }
                }
                #expect(tally.broken == 0)
                #expect(Array(tally.statuses.keys) == [200], "\(tally.statuses)")
                Figures.tell("calls during ten deploys: \(tally.answered)")
            }
        }

        @Test("rollback serves the earlier revision again")
        func rollsBack() async throws {
            try await GatewayUnderTest.with { gateway in
                let folder = try await Fixtures.function("hello")
                try await gateway.require("deploy", folder, "--env", "GREETING=First")
                try await gateway.require("deploy", folder, "--env", "GREETING=Second")
                #expect(try await gateway.call("/hello").text == "Second from a fresh container\n")
                try await gateway.require("rollback", "hello")
                #expect(try await gateway.call("/hello").text == "First from a fresh container\n")
                try await gateway.require("remove", "hello")
                #expect(try await gateway.call("/hello").status == 404)
            }
        }
    }
}
