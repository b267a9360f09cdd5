// SPDX-License-Identifier: Apache-2.0
// Limits of writable layers on the disk, and what `system df` says of them.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct ContainerDiskTests {
        private static let fill = "dd if=/dev/zero of=/large bs=1M count=12 2>/dev/null; sleep 1000"

        @Test("a container with more on the disk than its limit is ended with the reason, and not restarted")
        func limit() async throws {
            try await ContainerScene.with(arguments: ["--container-disk", "8Mi"]) { gateway in
                try await gateway.requireLine("run -d --restart always --name small box sh -c", Self.fill)
                try await gateway.requireLine("run -d --disk 64m --name large box sh -c", Self.fill)
                try await gateway.requireLine("run -d --storage-opt size=4m --name own box sh -c", Self.fill)
                try await gateway.requireLine("run -d --name fine box")
                for name in ["small", "own"] {
                    #expect(try await gateway.requireLine("wait \(name)") == "137\n")
                    let error = try await gateway.requireLine("inspect -f {{.State.Error}} \(name)")
                    #expect(
                        error.contains("its writable layer took 12 MiB, more than its limit of"),
                        "\(error)"
                    )
                }
                let list = try await gateway.requireLine("ps --format", "{{.Names}}")
                #expect(Set(list.split(separator: "\n")) == ["large", "fine"], "\(list)")
                let disk = try await gateway.requireLine("system df -v")
                #expect(
                    disk.contains("large") && disk.contains("64.0 MiB") && disk.contains("8.0 MiB"),
                    "\(disk)"
                )
                let sums = try await gateway.requireLine("system df")
                #expect(sums.contains("Containers") && sums.contains("Local Volumes"), "\(sums)")
                let memory = try await gateway.line("run --rm --disk 5m box true")
                #expect(
                    memory.code == 64 && memory.error.contains("no writable layer on the disk"),
                    "\(memory)"
                )
                #expect(try await gateway.line("run --storage-opt a=b box true").code == 64)
                try await gateway.requireLine("rm -f small large own fine")
            }
        }
    }
}
