// SPDX-License-Identifier: Apache-2.0
// What a running sandbox uses.

import NIOCore
import Testing

@testable import Sandbox

@Suite("What a sandbox uses", .enabled(if: TestHost.isRoot))
struct UsageTests {
    @Test("has the processes of each look, also of looks that follow each other at once")
    func processes() async throws {
        try await TestHost.with { host in
            let slot = try await host.spawner.makeSlot(host.plan)
            defer { slot.retire() }
            let sandbox = try await slot.makeSandbox()
            let script = "echo one; read x; sleep 1000 & sleep 1000 & echo three; read x"
            let command = SandboxCommand(arguments: ["/bin/busybox", "sh", "-c", script], environment: [])
            try sandbox.release(command) { _ in }
            for (text, count) in [("one\n", 1), ("three\n", 3)] {
                #expect(await sandbox.nextOutput().map { String(buffer: $0) } == text)
                for _ in 0..<3 {
                    #expect(await sandbox.usage()?.processCount == count)
                }
                #expect(await sandbox.write(ByteBuffer(string: "\n")) || count == 3)
            }
            sandbox.kill()
        }
    }
}
