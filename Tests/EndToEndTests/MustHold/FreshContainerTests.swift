// SPDX-License-Identifier: Apache-2.0
// Each call is a new container: no traces, no other process, nothing left.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct FreshContainerTests {
        @Test("no call of 200, 16 at once, finds a trace of another; each is PID 1, alone, with only lo")
        func leavesNoTrace() async throws {
            try await GatewayUnderTest.with { gateway in
                try await gateway.require("deploy", Fixtures.function("fresh"))
                let answers = try await gateway.calls(200, atOnce: 16, "/function/fresh")
                #expect(answers.count == 200)
                let host = ProcessInfo.processInfo.hostName
                for answer in answers {
                    #expect(answer.status == 200)
                    let lines = answer.lines
                    #expect(lines.prefix(3) == ["absent", "absent", "absent"])
                    #expect(lines.contains("pid 1"))
                    #expect(lines.contains("processes 1"))
                    #expect(lines.filter { $0.hasPrefix("interface ") } == ["interface lo"])
                    #expect(lines.contains { $0.hasPrefix("hostname ") && $0 != "hostname \(host)" })
                }
                let records = try await gateway.invocations("fresh", atLeast: 200)
                #expect(records.allSatisfy { $0.fresh && $0.outcome == "ok" })
                #expect(Set(records.map(\.id)).count == 200)
            }
        }

        @Test("processes that a function leaves in the background are dead when the answer is complete")
        func killsBackground() async throws {
            try await GatewayUnderTest.with { gateway in
                try await gateway.require("deploy", Fixtures.function("fresh"))
                // A number that no other process of the host sleeps for.
                let seconds = "98765\(getpid())"
                for _ in 0..<20 {
                    let answer = try await gateway.call("/function/fresh?leave=\(seconds)")
                    #expect(answer.status == 200)
                    #expect(ProcessTable.running(seconds) == [])
                }
            }
        }

        @Test("the request of a call reaches no other call when its container is killed before it")
        func survivesKilledContainers() async throws {
            try await GatewayUnderTest.with { gateway in
                let folder = try await Fixtures.shell("echo $QUERY_STRING\n", name: "query")
                defer { folder.remove() }
                try await gateway.require("deploy", folder.url.path)
                for turn in 0..<20 {
                    let before = try await gateway.call("/function/query?before-\(turn)")
                    #expect(before.text == "before-\(turn)\n")
                    // All warm ones, as the kernel does when the host has no memory left.
                    let table = ProcessTable()
                    let killed = table.containers(below: gateway.processID)
                    for container in killed { kill(container, SIGKILL) }
                    // One that has not been given the processor yet could still read a message, and die of the
                    // signal as any function would.
                    try await table.waitForEnd(of: killed)
                    for call in 0..<3 {
                        let answer = try await gateway.call("/function/query?after-\(turn)-\(call)")
                        #expect(answer.status == 200)
                        #expect(answer.text == "after-\(turn)-\(call)\n")
                    }
                }
            }
        }

        @Test("a background process that holds standard output does not hold the answer")
        func doesNotWaitForBackground() async throws {
            try await GatewayUnderTest.with { gateway in
                let script = "/bin/busybox sleep 1000 &\necho done\n"
                let folder = try await Fixtures.shell(script, name: "hold")
                defer { folder.remove() }
                try await gateway.require("deploy", folder.url.path)
                let answer = try await gateway.call("/function/hold")
                #expect(answer.status == 200)
                #expect(answer.text == "done\n")
            }
        }
    }
}
