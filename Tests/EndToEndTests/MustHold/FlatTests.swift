// SPDX-License-Identifier: Apache-2.0
// Ten thousand calls leave what the gateway occupies where it was after the first five hundred.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct FlatTests {
        private static let warmUpCalls = 500
        private static let calls = 10_000
        /// Caches of the allocator and the store breathe; a leak of 2 KiB per call would be more than this.
        private static let residentGrowthKibibytesMax = 16 << 10
        /// Connections of the last callers may not be closed yet.
        private static let descriptorGrowthMax = 16

        @Test("10,000 calls leave processes, mounts, cgroups, descriptors and memory flat")
        func staysFlat() async throws {
            try await GatewayUnderTest.with { gateway in
                try await gateway.require("deploy", Fixtures.function("hello"))
                try await Self.call(gateway, Self.warmUpCalls)
                let before = try await HostView.settled(gateway: gateway.processID)
                try await Self.call(gateway, Self.calls - Self.warmUpCalls)
                let after = try await HostView.settled(gateway: gateway.processID)
                Figures.tell("after \(Self.warmUpCalls) calls: \(before.figures)")
                Figures.tell("after \(Self.calls) calls: \(after.figures)")
                #expect(after.processes.count <= before.processes.count)
                #expect(after.mounts <= before.mounts)
                #expect(after.cgroups.count <= before.cgroups.count)
                #expect(after.networkNamespaces.count <= before.networkNamespaces.count)
                #expect(after.descriptors <= before.descriptors + Self.descriptorGrowthMax)
                let growth = after.residentKibibytes - before.residentKibibytes
                #expect(growth <= Self.residentGrowthKibibytesMax)
            }
        }

        private static func call(_ gateway: GatewayUnderTest, _ count: Int) async throws {
            let answers = try await gateway.calls(count, atOnce: 8, "/function/hello")
            #expect(answers.allSatisfy { $0.status == 200 && $0.text == "Hello from a fresh container\n" })
        }
    }
}
