// SPDX-License-Identifier: Apache-2.0
// How an attached container ended, in the exit codes that Docker's run has.

package import FunctionModel
import Glibc
package import ImageStore
import Sandbox

/// The end of an attached container.
package struct AttachEnd: Hashable, Sendable {
    /// Its own, 128 plus the signal, 126 or 127 when the command could not be executed, 125 when the platform failed.
    package var exitCode: Int32
    /// What the code alone does not say; nil when the container has spoken for itself.
    package var reason: String?

    package init(exitCode: Int32, reason: String? = nil) {
        self.exitCode = exitCode
        self.reason = reason
    }

    /// The platform's own failure.
    package static let platformCode: Int32 = 125
    private static let notRunnableCode: Int32 = 126
    private static let notFoundCode: Int32 = 127
    private static let signalBase: Int32 = 128

    /// From the report of the room below.
    init(_ report: ExitReport, program: String) {
        switch report.ending {
        case .exited(let code): self.init(exitCode: code)
        case .signalled(let signal):
            let reason = report.oomKilled ? "the container used too much memory" : nil
            self.init(exitCode: Self.signalBase + signal, reason: reason)
        case .execFailed(let number) where number == ENOENT:
            let reason = report.interpreterNote ?? "is not in the container"
            self.init(exitCode: Self.notFoundCode, reason: "'\(program)' \(reason)")
        case .execFailed(let number):
            let text = "'\(program)' cannot be executed in the container (errno \(number))"
            self.init(exitCode: Self.notRunnableCode, reason: text)
        case .lost(let reason), .notStarted(let reason):
            self.init(exitCode: Self.platformCode, reason: reason)
        }
    }
}

/// Why a container could not be attached.
package enum AttachError: Error, Hashable, Sendable {
    case invalid(ModelError)
    case image(ImageError)
    /// Too many already, or the gateway is ending or has no spawner.
    case unavailable(String)
    case notStarted(String)
}
