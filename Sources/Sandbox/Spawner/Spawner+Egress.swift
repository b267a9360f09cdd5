// SPDX-License-Identifier: Apache-2.0
// Prepares the host for functions with a network, for the first of them.

import CSandbox
import Dispatch
import Foundation
import Glibc
import Logging
import Synchronization

extension Spawner {
    /// What `serve` and `doctor` advise where functions cannot have a network.
    var egressAdvice: String {
        guard host.isPrivileged else { return "functions with network: egress are refused: run as root" }
        return host.egress == nil
            ? "functions with network: egress are refused: install nftables (apt-get install nftables)"
            : "functions with network: egress are refused: the kernel has no nf_tables"
    }

    /// Loads the firewall's table, once; later calls only check it.
    ///
    /// - Throws: ``SandboxError/unsupported(_:)`` where this host cannot, or with step and errno.
    func prepareEgress() async throws(SandboxError) {
        let isThere = state.withLock { $0.features & UInt32(CSANDBOX_FEATURE_EGRESS.rawValue) != 0 }
        guard isThere else { throw .unsupported("network: egress; " + egressAdvice) }
        if isFirewallLoaded.withLock({ $0 }) { return }
        // It blocks for the time that nft takes: not on the cooperative pool.
        let result = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(
                    returning: Result { () throws(SandboxError) in try self.loadFirewall() }
                )
            }
        }
        try result.get()
    }

    /// The firewall's table was removed from outside: the next slot loads it again.
    func egressFailed(_ error: SandboxError) {
        let step = String(cString: csandbox_step_name(CSANDBOX_STEP_SLOT_FIREWALL.rawValue))
        if case .setup(step, _) = error { isFirewallLoaded.withLock { $0 = false } }
    }

    private func loadFirewall() throws(SandboxError) {
        try isFirewallLoaded.withLock { isLoaded throws(SandboxError) in
            if isLoaded { return }
            tellOfForwarding()
            let command = csandbox_command(
                header: csandbox_header(kind: UInt32(CSANDBOX_FIREWALL.rawValue), slot: 0),
                value: 0,
                sandbox: 0
            )
            try Packet.send(command, to: supervisor.raw)
            let answer: csandbox_outcome = try awaitMessage(CSANDBOX_FIREWALL, on: supervisor.raw)
            guard answer.step == 0 else { throw Packet.setupError(answer.step, answer.error) }
            isLoaded = true
        }
    }

    /// The one setting of the host that outlives the gateway.
    private func tellOfForwarding() {
        let now = FileManager.default.contents(atPath: "/proc/sys/net/ipv4/ip_forward")
        guard now?.first == UInt8(ascii: "0") else { return }
        logger.notice(
            "switching on IPv4 forwarding of this host for network: egress",
            metadata: ["sysctl": "net.ipv4.ip_forward"]
        )
    }
}
