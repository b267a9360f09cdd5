// SPDX-License-Identifier: Apache-2.0
// How a sandbox ended, as the kernel reported it.

package import FunctionModel

/// The end of PID 1, and with it of everything in its PID namespace.
package struct ExitReport: Hashable, Sendable {
    /// The end of PID 1.
    package enum Ending: Hashable, Sendable {
        case exited(code: Int32)
        case signalled(Int32)
        /// `execve` failed: 127 not found, 126 found but not runnable.
        case execFailed(errorNumber: Int32)
        /// Set-up after release failed, or the slot or spawner died.
        case lost(reason: String)
        /// PID 1 did not read its release message: no program of the image has run.
        case notStarted(reason: String)
        /// Not the end of PID 1: the invocation is over, and the program waits for another one.
        case returned
    }

    package var ending: Ending
    /// With `execFailed(ENOENT)`: the interpreter or linker that the program asks for and the container lacks; nil
    /// where the program itself is not there.
    package var missingInterpreter: String?
    /// Whether the kernel killed a process of it because of the memory limit.
    package var oomKilled = false
    /// Other limits that the sandbox reached, also if it continued.
    package var limitsReached: [LimitName] = []
    package var userTimeMicroseconds: Int64 = 0
    package var systemTimeMicroseconds: Int64 = 0
    package var peakMemoryBytes: Int = 0
    /// From assignment to just before `execve`, in nanoseconds; zero when it never came there, and for a program that
    /// was started ahead.
    package var startNanoseconds: Int64 = 0
    /// Whether it was still being set up when it was assigned.
    package var waitedForSetUp = false

    package init(ending: Ending) { self.ending = ending }
}

extension ExitReport.Ending: CustomStringConvertible {
    /// For errors and logs, such as "exit code 3".
    package var description: String {
        switch self {
        case .exited(let code): "exit code \(code)"
        case .signalled(let number): "signal \(number)"
        case .execFailed(let errorNumber): "execve failed with errno \(errorNumber)"
        case .lost(let reason): "lost: \(reason)"
        case .notStarted(let reason): "not started: \(reason)"
        case .returned: "it waits for another invocation"
        }
    }
}

extension ExitReport {
    /// What to say of ``missingInterpreter`` after the program's name; nil without one.
    ///
    /// Control characters are written as in source code: a carriage return is what people do not see in their editor.
    package var interpreterNote: String? {
        guard let missingInterpreter else { return nil }
        let name = missingInterpreter.unicodeScalars.map {
            $0.value < 32 ? $0.escaped(asASCII: true) : String($0)
        }
        .joined()
        let hint = missingInterpreter.hasSuffix("\r") ? " (save the file with Unix line ends)" : ""
        return "needs '\(name)', which is not in the container\(hint)"
    }
}
