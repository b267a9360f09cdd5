// SPDX-License-Identifier: Apache-2.0
// How one run of a container ended, in the exit codes that Docker has.

import Sandbox

/// The end of one run.
package struct ContainerEndReport: Hashable, Sendable {
    /// The container's exit code, 128 plus the signal, 126 or 127 when the command could not be executed, 125 when
    /// Mayfly failed.
    package var exitCode: Int32
    /// An explanation of the code; nil when the container's own exit code needs none.
    package var reason: String?
    package var isOutOfMemory = false

    package init(exitCode: Int32, reason: String? = nil) {
        self.exitCode = exitCode
        self.reason = reason
    }

    /// Docker's code for a process that could not be made in a container that runs.
    static let notExecutedCode: Int32 = 126

    /// From the table of the room below.
    ///
    /// - Parameters:
    ///   - end: of PID 1, or of a process that entered.
    ///   - isEntered: whether it is the latter.
    init(_ end: ContainerEnd, isEntered: Bool = false) {
        let isTooLarge = end.meaning == .outOfMemory && end.signal != nil
        self.init(
            exitCode: isEntered && end.meaning == .notStarted ? Self.notExecutedCode : end.shellCode,
            reason: isTooLarge ? "the container used too much memory" : end.note
        )
        isOutOfMemory = end.meaning == .outOfMemory
    }

    /// The same end for a reason that its own report does not have; nil for none.
    func because(of reason: String?) -> ContainerEndReport {
        var report = self
        report.reason = reason ?? self.reason
        return report
    }

    /// What a container has that ran when its gateway died: the kernel killed it.
    static let lost = ContainerEndReport(exitCode: 137, reason: "the gateway was killed while it ran")
}
