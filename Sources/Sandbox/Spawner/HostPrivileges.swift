// SPDX-License-Identifier: Apache-2.0
// Whether this process is the host's root: user id 0 alone does not say so inside a user namespace.

import Foundation
import Glibc

enum HostPrivileges {
    /// Seen once, at the start: the gateway may give up what it had.
    static let areFull: Bool = {
        let map = FileManager.default.contents(atPath: "/proc/self/uid_map") ?? Data()
        return geteuid() == 0 && isInitial(userMap: String(decoding: map, as: UTF8.self))
    }()

    /// Whether what is written to the oom_score_adj of functions stays: it takes CAP_SYS_RESOURCE over the host, which a
    /// container around the gateway does not give.
    static var fixMemoryVictims: Bool {
        let status = FileManager.default.contents(atPath: "/proc/self/status") ?? Data()
        return areFull && hasResourceCapability(status: String(decoding: status, as: UTF8.self))
    }

    /// From the text of /proc/self/status (proc_pid_status(5)).
    static func hasResourceCapability(status: String) -> Bool {
        let line = status.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
        let mask = line.flatMap {
            UInt64($0.dropFirst("CapEff:".count).drop(while: \.isWhitespace), radix: 16)
        }
        return (mask ?? 0) >> capSysResource & 1 != 0
    }

    /// linux/capability.h.
    private static let capSysResource: UInt64 = 24

    /// Whether a user namespace with this map has every id as itself (user_namespaces(7)), as only the first one has.
    static func isInitial(userMap: String) -> Bool {
        let fields = userMap.split(whereSeparator: \.isWhitespace)
        return fields == ["0", "0", "4294967295"]
    }
}
