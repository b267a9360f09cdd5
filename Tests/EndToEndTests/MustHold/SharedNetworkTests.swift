// SPDX-License-Identifier: Apache-2.0
// Idle sandboxes share one network namespace; every call has one of its own.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct SharedNetworkTests {
        @Test(
            "idle sandboxes share a network namespace, every call has one of its own with lo, up"
        )
        func sharedNetwork() async throws {
            try await GatewayUnderTest.with { gateway in try await SharedNetwork.check(gateway) }
        }
    }
}

/// The checks, for a gateway that runs as root or as an ordinary user.
enum SharedNetwork {
    private static let ready = 6
    /// After a deploy as many are complete as callers find while a function is called.
    private static let owning = 2

    static func check(_ gateway: GatewayUnderTest) async throws {
        // All of a round run at the same time: each in a slot of its own.
        let script = """
            b=/bin/busybox
            $b readlink /proc/self/ns/net
            $b tail -n +3 /proc/net/dev | $b cut -d : -f 1
            $b ifconfig lo | $b grep -o 'UP LOOPBACK'
            $b sleep 1

            """
        let configuration = "concurrency: \(ready)\nwarm: {min: \(ready), max: \(ready)}"
        let folder = try await Fixtures.shell(script, name: "rest", configuration: configuration)
        defer { folder.remove() }
        try await gateway.require("deploy", folder.url.path)
        let before = try await HostView.settled(gateway: gateway.processID)
        let first = try await round(gateway)
        #expect(first.subtracting(before.networkNamespaces).count == ready - owning, "\(before.figures)")
        let after = try await HostView.settled(gateway: gateway.processID)
        let second = try await round(gateway)
        #expect(second.isSubset(of: after.networkNamespaces), "\(after.figures)")
    }

    /// The network namespaces of one call in each slot.
    private static func round(_ gateway: GatewayUnderTest) async throws -> Set<String> {
        var namespaces: Set<String> = []
        for answer in try await gateway.calls(ready, atOnce: ready, "/function/rest") {
            #expect(answer.status == 200)
            let lines = answer.lines.map { $0.trimmingCharacters(in: .whitespaces) }
            #expect(lines.dropFirst() == ["lo", "UP LOOPBACK"], "\(lines)")
            if let name = lines.first { namespaces.insert(name) }
        }
        #expect(namespaces.count == ready && !namespaces.contains(HostView.ownNetworkNamespace))
        return namespaces
    }
}
