// SPDX-License-Identifier: Apache-2.0
// What a function asks of the host, and hosts that have it or not.

import FunctionModel
import Testing

@testable import Scheduler

@Suite struct HostOfferTests {
    private var host = HostOffer(
        memory: .mebibytes(1024),
        processors: Millicores(count: 2000),
        architecture: "amd64",
        hostname: "Node-1"
    )

    @Test("network: egress is refused where the host has none, and nothing else is")
    func egress() throws {
        var host = host
        var configuration = FunctionConfiguration()
        configuration.network = .egress
        try host.checkFeatures(configuration)
        host.egressRefusal = "install nftables"
        let error = #expect(throws: ModelError.self) { try host.checkFeatures(configuration) }
        #expect(error?.field == "network")
        #expect(error?.expected == "none on this host; install nftables")
        configuration.network = .none
        try host.checkFeatures(configuration)
    }

    @Test("requests beyond the host's memory or processors are refused")
    func requests() throws {
        var configuration = FunctionConfiguration()
        configuration.requests.memory = .mebibytes(1024)
        configuration.requests.cpu = Millicores(count: 2000)
        try host.checkPlacement(configuration)
        configuration.requests.memory = .mebibytes(1025)
        #expect {
            try host.checkPlacement(configuration)
        } throws: { ($0 as? ModelError)?.field == "requests.memory" }
        configuration.requests.memory = nil
        configuration.requests.cpu = Millicores(count: 2001)
        #expect {
            try host.checkPlacement(configuration)
        } throws: { ($0 as? ModelError)?.field == "requests.cpu" }
    }

    @Test(
        "a constraint is accepted when it is true of the host, in Swarm's form and in Kubernetes' form",
        arguments: [
            ("node.platform.os == linux", true), ("node.platform.os==windows", false),
            ("node.platform.os != windows", true), ("node.platform.arch == x86_64", true),
            ("node.platform.arch == arm64", false), ("kubernetes.io/arch=amd64", true),
            ("kubernetes.io/os=linux", true), ("node.hostname == node-1", true),
            ("node.hostname != Node-1", false), ("kubernetes.io/hostname=other", false),
            ("node.role == worker", false), ("gpu", false), ("node.platform.os ==", false), ("", false),
        ]
    )
    func constraints(text: String, isAccepted: Bool) {
        var configuration = FunctionConfiguration()
        configuration.constraints = [text]
        if isAccepted {
            #expect(throws: Never.self) { try host.checkPlacement(configuration) }
        } else {
            let error = #expect(throws: ModelError.self) { try host.checkPlacement(configuration) }
            #expect(error?.field == "constraints" && error?.value == text)
        }
    }
}
