// SPDX-License-Identifier: Apache-2.0
// Functions whose sandboxes are copies of one started process, through a whole gateway.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct TemplateFunctionTests {
        /// Calls it once after the other; the answers.
        private func calls(_ gateway: GatewayUnderTest, _ name: String, count: Int) async throws -> [String] {
            var answers: [String] = []
            for number in 0..<count {
                let answer = try await gateway.call(
                    "/function/\(name)",
                    method: "POST",
                    body: Data("call \(number)".utf8)
                )
                #expect(answer.status == 200, "\(answer.text)")
                answers.append(answer.text)
            }
            return answers
        }

        @Test("a function with a template is served by copies of one process, each in a container of its own")
        func copies() async throws {
            let folder = try await Fixtures.shell(
                // A start that is dearer than a copy, in emulation as well.
                "i=0; while [ $i -lt 10000 ]; do i=$((i + 1)); done; exec /bin/busybox tr a-z A-Z",
                name: "upper",
                configuration: "prestart: true\ntemplate: true"
            )
            defer { folder.remove() }
            try await GatewayUnderTest.with { gateway in
                #expect(!gateway.logText.contains("lacks templates"), "\(gateway.logText)")
                try await gateway.require("deploy", folder.url.path)
                let answers = try await calls(gateway, "upper", count: 20)
                #expect(answers == (0..<20).map { "CALL \($0)" })
                let records = try await gateway.require("invocations", "upper", "--output", "json")
                // The first calls come before a template pays.
                #expect(records.contains("\"start\":\"template\""), "\(records)")
                #expect(!records.contains("\"fresh\":false"))
                let description = try await gateway.require("describe", "upper")
                #expect(description.contains(" copies so far"), "\(description)")
                let metrics = try await gateway.call("/metrics").text
                #expect(metrics.contains("mayfly_template_copies_total{"), "\(metrics)")
            }
        }

        @Test("a program that cannot be copied is started in the ordinary way, and describe says why")
        func refused() async throws {
            let folder = try await Fixtures.shell(
                "exec /bin/busybox tee /tmp/written",
                name: "writes",
                configuration: "prestart: true\ntemplate: true"
            )
            defer { folder.remove() }
            try await GatewayUnderTest.with { gateway in
                try await gateway.require("deploy", folder.url.path)
                let answers = try await calls(gateway, "writes", count: 10)
                #expect(answers == (0..<10).map { "call \($0)" })
                let description = try await gateway.require("describe", "writes")
                #expect(
                    description.contains(
                        "not used: it cannot be started from a template: descriptor 3 is open: /tmp/written"
                    ),
                    "\(description)"
                )
            }
        }
    }
}
