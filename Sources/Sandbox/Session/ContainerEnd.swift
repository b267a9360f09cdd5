// SPDX-License-Identifier: Apache-2.0
// What the end of a container's PID 1 means: one table for invocations, build steps and attached containers.

import Glibc

/// The end of a container, in the codes that shells and Docker use.
package struct ContainerEnd: Hashable, Sendable {
    /// What kind of end it was.
    package enum Meaning: Hashable, Sendable {
        /// Exit code 0.
        case success
        /// Another exit code.
        case failure
        case signal
        /// Ended because of the memory limit, by signal or exit code.
        case outOfMemory
        /// `execve` failed: 127 when the program is not there, 126 when it cannot be executed.
        case notExecuted
        /// The helper that held it is gone.
        case lost
        /// Nothing of the image has run.
        case notStarted
    }

    package var meaning: Meaning
    /// PID 1's own, or 126 or 127; nil when a signal ended it, or nothing is known.
    package var exitCode: Int32?
    package var signal: Int32?
    /// What the codes do not say, as one line without an end; nil when they say everything.
    package var note: String?

    /// Docker's code for a failure of the platform.
    package static let platformCode: Int32 = 125
    private static let signalBase: Int32 = 128

    /// One number for everything: the exit code, 128 and the signal, or ``platformCode``.
    package var shellCode: Int32 { exitCode ?? signal.map { Self.signalBase + $0 } ?? Self.platformCode }

    /// - Parameters:
    ///   - report: how the kernel reported the end.
    ///   - program: the first word of the command, for the note.
    package init(_ report: ExitReport, program: String) {
        switch report.ending {
        case .exited(0):
            meaning = .success
            exitCode = 0
        case .exited(let code):
            meaning = report.oomKilled ? .outOfMemory : .failure
            exitCode = code
        case .signalled(let number):
            meaning = report.oomKilled ? .outOfMemory : .signal
            signal = number
        case .execFailed(let errorNumber):
            meaning = .notExecuted
            exitCode = errorNumber == ENOENT || errorNumber == ENOTDIR ? 127 : 126
            note = "'\(program)' " + Self.reason(errorNumber, report.interpreterNote)
        case .returned: meaning = .success
        case .lost(let reason):
            meaning = .lost
            note = reason
        case .notStarted(let reason):
            meaning = .notStarted
            note = reason
        }
    }

    private static func reason(_ errorNumber: Int32, _ interpreterNote: String?) -> String {
        switch errorNumber {
        case ENOENT:
            interpreterNote ?? "is not in the container, or the interpreter or loader that it names is not"
        case ENOTDIR: "is not in the container: a part of its path is not a directory"
        case EACCES: "cannot be executed: no permission, or it is not a regular file"
        case ENOEXEC: "cannot be executed: no program for this machine, and no #! line"
        case EISDIR: "cannot be executed: it is a directory"
        case ELOOP: "cannot be executed: too many symbolic links"
        case E2BIG: "cannot be executed: arguments and environment are too large"
        case ENOMEM: "cannot be executed: not enough memory; raise limits.memory"
        default: "cannot be executed: errno \(errorNumber)"
        }
    }
}
