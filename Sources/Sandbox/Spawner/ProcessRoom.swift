// SPDX-License-Identifier: Apache-2.0
// How many processes and threads this host lets the gateway and its helpers have. faasctl asks before it starts any.

import Foundation
import Glibc

/// One limit of processes, and how many more it lets through.
package struct ProcessRoom: Hashable, Sendable {
    /// What sets it, for the operator.
    package var limit: String
    package var left: Int

    /// The tightest of those that count for this process: pids.max of its cgroup and of those above, and
    /// RLIMIT_NPROC; nil where there is none.
    package static func ofThisProcess() -> ProcessRoom? {
        let hierarchies = CgroupLayout.find(
            mountinfo: text("/proc/self/mountinfo"),
            ownCgroups: text("/proc/self/cgroup"),
            unifiedControllers: { text($0 + "/cgroup.controllers") }
        )
        let folders = hierarchies.first { $0.controllers.contains(.pids) }.map {
            [$0.parent] + CgroupLayout.foldersAbove($0)
        }
        var rooms = (folders ?? []).compactMap { folder in
            room(in: folder, max: text(folder + "/pids.max"), current: text(folder + "/pids.current"))
        }
        if let user = ofThisUser() { rooms.append(user) }
        return rooms.min { $0.left < $1.left }
    }

    /// From the two files of a cgroup folder; nil without a limit.
    static func room(in folder: String, max: String, current: String) -> ProcessRoom? {
        guard let most = Int(max.trimmingCharacters(in: .whitespacesAndNewlines)),
            let used = Int(current.trimmingCharacters(in: .whitespacesAndNewlines))
        else { return nil }
        return ProcessRoom(limit: "\(folder)/pids.max, \(most),", left: Swift.max(0, most - used))
    }

    /// Of the user that the gateway is or becomes: how much of it is used already is not known, so that all of it counts
    /// as room.
    private static func ofThisUser() -> ProcessRoom? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(__RLIMIT_NPROC.rawValue), &limit) == 0,
            limit.rlim_cur != rlim_t.max
        else { return nil }
        return ProcessRoom(limit: "ulimit -u, \(limit.rlim_cur),", left: Int(clamping: limit.rlim_cur))
    }

    /// Files of the kernel that may be absent read as empty.
    private static func text(_ path: String) -> String {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
