// SPDX-License-Identifier: Apache-2.0
// Versions of a function, called by alias and by number.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct AliasTests {
        private struct Record: Decodable {
            var revision: Int
            var trigger: String
        }

        private static func records(_ gateway: GatewayUnderTest) async throws -> [Record] {
            let text = try await gateway.require("invocations", "hello", "--output", "json")
            return try JSONDecoder().decode([Record].self, from: Data(text.utf8))
        }

        @Test("an alias shares calls by weight, switches at once, and outlives deploys and a restart")
        func canary() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let data = folder.url.appendingPathComponent("data").path
            let first = try await GatewayUnderTest(dataFolder: data)
            let source = try await Fixtures.function("hello")
            for number in 1...2 {
                try await first.require("deploy", source, "--env", "GREETING=Number \(number)")
            }
            try await first.require("alias", "set", "hello", "prod", "1", "2=50")
            var counts: [String: Int] = [:]
            for _ in 0..<60 { counts[try await first.call("/function/hello:prod").text, default: 0] += 1 }
            #expect(counts.count == 2 && counts.values.allSatisfy { $0 > 10 }, "\(counts)")
            let seen = try await Self.records(first).map(\.revision)
            #expect(seen.count { $0 == 1 } == counts["Number 1 from a fresh container\n"])
            try await first.require("alias", "set", "hello", "prod", "1")
            for _ in 0..<8 {
                try await first.require("deploy", source, "--env", "GREETING=Later")
            }
            #expect(try await first.call("/function/hello:prod").text == "Number 1 from a fresh container\n")
            #expect(try await first.call("/function/hello").text == "Later from a fresh container\n")
            await first.stop()
            let second = try await GatewayUnderTest(dataFolder: data)
            #expect(try await second.call("/function/hello:prod").text == "Number 1 from a fresh container\n")
            #expect(try await second.require("describe", "hello").contains("prod: 1=100"))
            let prune = try await second.faasctl("rollback", "hello", "2")
            #expect(prune.code == 1 && prune.error.contains("no revision 2"), "\(prune.error)")
            await second.stop()
        }

        @Test("a queued call runs its alias's revision, and a number without an alias asks for credentials")
        func queuedAndNumbered() async throws {
            try await GatewayUnderTest.with { gateway in
                let source = try await Fixtures.function("hello")
                for number in 1...2 {
                    try await gateway.require("deploy", source, "--env", "GREETING=Number \(number)")
                }
                // Foundation's client does not come back from a challenge.
                let anonymous = try await Command.require(
                    "curl",
                    "-sS",
                    gateway.address + "/function/hello:1"
                )
                #expect(anonymous.contains("no alias") && anonymous.contains("\"status\":401"))
                #expect(try await gateway.require("invoke", "hello:1") == "Number 1 from a fresh container\n")
                try await gateway.require("alias", "set", "hello", "old", "1")
                #expect(try await gateway.call("/function/hello:1").status == 200)
                try await gateway.require("invoke", "hello:old", "--async")
                for _ in 0..<100 {
                    if try await Self.records(gateway).contains(where: { $0.trigger == "async" }) { break }
                    try await Task.sleep(for: .milliseconds(50))
                }
                let queued = try await Self.records(gateway).filter { $0.trigger == "async" }
                #expect(queued.map(\.revision) == [1])
                try await gateway.require("alias", "remove", "hello", "old")
                #expect(try await gateway.call("/function/hello:old").status == 404)
                let unknown = try await gateway.faasctl("alias", "set", "hello", "x", "9")
                #expect(unknown.code == 1 && unknown.error.contains("no revision 9"), "\(unknown.error)")
                let sum = try await gateway.faasctl("alias", "set", "hello", "x", "1=40", "2=40")
                #expect(sum.code == 64 && sum.error.contains("100 percent"), "\(sum.error)")
            }
        }
    }
}
