// SPDX-License-Identifier: Apache-2.0
// Whether this process may have as many files and threads as a gateway needs: asked before it needs them.

import Glibc
import Sandbox

/// Limits that the process was started with.
///
/// Without a check the first limit that is reached determines the symptom: a helper that is gone, "out of memory", or
/// a trap where a thread cannot be made.
struct StartLimits: Hashable {
    /// Some 30 for the gateway itself, 64 that the spawner keeps, five for each sandbox, one for each connection.
    static let filesMin = 256
    /// Some 25 threads and helpers before the first call; functions come on top.
    static let processesMin = 64

    /// Files that may be open at once.
    var files: Int
    /// Nil when nothing limits processes.
    var processes: ProcessRoom?

    /// The limit that is too low, and how to raise it; both as text.
    struct Refusal: Hashable {
        var what: String
        var advice: String
    }

    static func ofThisProcess() -> StartLimits {
        var limit = rlimit()
        let isKnown = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        return StartLimits(
            files: isKnown ? Int(clamping: limit.rlim_cur) : Int.max,
            processes: ProcessRoom.ofThisProcess()
        )
    }

    /// Why a gateway cannot run with them; nil when it can.
    var refusal: Refusal? {
        if files < Self.filesMin {
            return Refusal(
                what: "it may have \(files) files open, and needs at least \(Self.filesMin)",
                advice: "raise the limit (ulimit -n, LimitNOFILE= of its service)"
            )
        }
        if let processes, processes.left < Self.processesMin {
            return Refusal(
                what: "\(processes.limit) leaves room for \(processes.left) processes and threads, "
                    + "and it needs at least \(Self.processesMin)",
                advice: "raise the limit (TasksMax= of its service, --pids-limit of a container, ulimit -u)"
            )
        }
        return nil
    }

    /// As `doctor` reports it.
    var finding: HostFinding {
        let refusal = refusal
        return HostFinding(
            level: refusal == nil ? .ok : .fatal,
            name: "open files and processes",
            advice: refusal.map { "the gateway does not start: \($0.what); \($0.advice)" } ?? ""
        )
    }
}
