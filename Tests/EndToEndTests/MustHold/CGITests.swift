// SPDX-License-Identifier: Apache-2.0
// Programs under the `cgi` contract, through the whole gateway.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct CGITests {
        @Test("a CGI program's status, fields and body are the answer's")
        func webhook() async throws {
            try await GatewayUnderTest.with { gateway in
                try await gateway.require("deploy", Fixtures.function("webhook"))
                let created = try await gateway.call(
                    "/function/webhook",
                    method: "POST",
                    body: Data("hello".utf8),
                    headers: ["X-Call-Id": "call-1"]
                )
                #expect(created.status == 201)
                #expect(created.headers["location"] == "/function/webhook/call-1")
                #expect(created.headers["content-type"] == "application/json")
                #expect(created.text == "{\"received\":5}\n")
                let refused = try await gateway.call("/function/webhook")
                #expect(refused.status == 405)
                #expect(refused.headers["allow"] == "POST")
                let records = try await gateway.invocations("webhook", atLeast: 2)
                #expect(records.map(\.status) == [405, 201])
                #expect(records.allSatisfy { $0.outcome == "ok" })
            }
        }

        private static let script = """
            case "$PATH_INFO" in
            /local) printf 'Location: /function/cgi/target?x=1\\n\\n' ;;
            /target) printf 'Content-Type: text/plain\\n\\n%s %s %s' "$REQUEST_METHOD" "$QUERY_STRING" "$(/bin/busybox wc -c)" ;;
            /loop) printf 'Location: /function/cgi/loop\\n\\n' ;;
            /admin) printf 'Location: /system/functions\\n\\n' ;;
            /exit) printf 'Content-Type: text/plain\\n\\nhalf'; exit 3 ;;
            /split) printf 'Content-Type: text/plain\\n' ;;
            /plain) printf 'hello\\n\\n' ;;
            /short) printf 'Content-Type: text/plain\\nContent-Length: 99\\n\\nshort' ;;
            /large) printf 'Content-Type: text/plain\\n\\n'; /bin/busybox yes | /bin/busybox head -c 300000 ;;
            /endless) /bin/busybox yes X-A | /bin/busybox head -c 9000000 ;;
            esac
            """

        @Test("redirects, large answers and answers that break a rule have the status of RFC 3875's rules")
        func rules() async throws {
            let folder = try await Fixtures.shell(Self.script, name: "cgi", configuration: "contract: cgi")
            defer { folder.remove() }
            try await GatewayUnderTest.with { gateway in
                try await gateway.require("deploy", folder.url.path)
                let local = try await gateway.call(
                    "/function/cgi/local",
                    method: "POST",
                    body: Data("abc".utf8)
                )
                #expect(local.status == 200)
                #expect(local.text == "GET x=1 0", "the target has GET, the query and no body")
                #expect(try await gateway.call("/function/cgi/large").body.count == 300_000)
                let statuses = [
                    "loop": 502, "admin": 404, "exit": 500, "split": 502, "plain": 502, "short": 502,
                    "endless": 502,
                ]
                for (path, status) in statuses {
                    let answer = try await gateway.call("/function/cgi/" + path)
                    #expect(answer.status == status, "\(path): \(answer.text)")
                }
                #expect(
                    try await gateway.call("/function/cgi/target").status == 200,
                    "the next call is served"
                )
                let log = try await gateway.require("logs", "cgi")
                #expect(log.contains("a line of its header is not 'Name: value'"))
            }
        }
    }
}
