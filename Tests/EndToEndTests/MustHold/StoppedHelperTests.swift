// SPDX-License-Identifier: Apache-2.0
// Helper processes that are stopped from outside: callers get their answer, and what does not answer is replaced.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct StoppedHelperTests {
        @Test("a call whose slot is stopped ends with 504 after timeout and grace, and the slot is replaced")
        func slot() async throws {
            let folder = try await Fixtures.shell(
                "/bin/busybox sleep 1000",
                name: "stuck",
                configuration: "timeout: 2s\ngrace: 500ms\nwarm: {min: 0, max: 1}"
            )
            defer { folder.remove() }
            try await GatewayUnderTest.with { gateway in
                try await gateway.require("deploy", folder.url.path)
                async let stuck = gateway.call("/function/stuck")
                let slot = try await Self.slot(below: gateway.processID)
                kill(slot, SIGSTOP)
                #expect(try await stuck.status == 504)
                #expect(try await Self.isGone(slot))
                // Another slot serves, in the same time.
                #expect(try await gateway.call("/function/stuck").status == 504)
                #expect(gateway.logText.contains("a slot does not answer"), "\(gateway.logText)")
            }
        }

        @Test("a gateway with a stopped supervisor and spawner ends, and nothing is left")
        func supervisor() async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let data = folder.url.appendingPathComponent("data").path
            let gateway = try await GatewayUnderTest(dataFolder: data)
            try await gateway.require("deploy", Fixtures.function("hello"))
            let table = ProcessTable()
            // The warden's other children, workers, have none of their own.
            let supervisor = try #require(
                table.children(of: gateway.processID).flatMap { table.children(of: $0) }
                    .first { !table.children(of: $0).isEmpty }
            )
            let spawner = try #require(table.children(of: supervisor).first)
            let view = HostView(gateway: gateway.processID)
            for helper in [supervisor, spawner] { kill(helper, SIGSTOP) }
            gateway.signal(SIGTERM)
            #expect(await gateway.ended() == 0)
            #expect(try await view.remains(dataFolder: data, within: .seconds(20)) == [])
        }

        /// The slot in which a program runs.
        private static func slot(below gateway: Int32) async throws -> Int32 {
            for _ in 0..<500 {
                let table = ProcessTable()
                for process in table.containers(below: gateway)
                where ProcessTable.text("/proc/\(process)/cmdline").hasPrefix("/bin/busybox") {
                    if let slot = table.parents[process] { return slot }
                }
                try await Task.sleep(for: .milliseconds(10))
            }
            throw HarnessError("no function runs")
        }

        private static func isGone(_ process: Int32) async throws -> Bool {
            for _ in 0..<600 where ProcessTable().startTimes[process] != nil {
                try await Task.sleep(for: .milliseconds(20))
            }
            return ProcessTable().startTimes[process] == nil
        }
    }
}
