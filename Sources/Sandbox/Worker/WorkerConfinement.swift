// SPDX-License-Identifier: Apache-2.0
// A worker's last step before its first order. faasctl takes it when the warden has started it as a worker.

import CSandbox
import Glibc

/// Shuts this process in: an empty root, capabilities for files only, a seccomp filter.
package enum WorkerConfinement {
    /// Where the warden put a worker's socket and folder.
    package static let socket: Int32 = 3
    package static let folder: Int32 = 4
    /// The arguments that the warden gives a worker.
    package static let programName = "mayfly-worker"
    package static let argument = "worker"

    /// Calls of the functions' policy that unpacking has no use for.
    private static let refused: Set<String> = [
        "accept", "accept4", "bind", "connect", "execve", "execveat", "fork", "io_setup", "kill", "listen",
        "memfd_create", "mq_open", "msgget", "name_to_handle_at", "pidfd_getfd", "pidfd_open",
        "process_vm_readv",
        "process_vm_writev", "ptrace", "semget", "setgid", "setgroups", "setuid", "setresgid", "setresuid",
        "shmget", "socket", "socketpair", "vfork",
    ]

    /// Confines the process and reports success or failure to the gateway.
    ///
    /// - Returns: false when it did not; the process must end then.
    package static func enter() -> Bool {
        var outcome = csandbox_outcome()
        outcome.header.kind = UInt32(CSANDBOX_WORK.rawValue)
        var generator = SystemRandomNumberGenerator()
        do throws(SandboxError) {
            // The cookie is discarded, so calls that require it are never allowed.
            let filter = try SeccompFilter.compile(cookie: generator.next(), without: refused)
            // Capabilities and filter are the calling thread's: there must be no other.
            if csandbox_thread_count() == 1 {
                outcome.error = -csandbox_confine(filter, filter.count, &outcome.step)
            } else {
                (outcome.step, outcome.error) = (CSANDBOX_STEP_WORKER_CAPABILITIES.rawValue, EBUSY)
            }
        } catch {
            (outcome.step, outcome.error) = (CSANDBOX_STEP_WORKER_SECCOMP.rawValue, EINVAL)
        }
        let isConfined = outcome.error == 0
        if isConfined { outcome.step = CSANDBOX_STEP_NONE.rawValue }
        do throws(SandboxError) { try Packet.send(outcome, to: socket) } catch { return false }
        return isConfined
    }
}
