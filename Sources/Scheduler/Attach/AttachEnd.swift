// SPDX-License-Identifier: Apache-2.0
// How an attached container ended, in the exit codes that Docker's run has.

package import FunctionModel
package import ImageStore
import Sandbox

/// The end of an attached container.
package struct AttachEnd: Hashable, Sendable {
    /// The container's exit code, 128 plus the signal, 126 or 127 when the command could not be executed, 125 when
    /// Mayfly failed.
    package var exitCode: Int32
    /// An explanation of the code; nil when the container's own exit code needs none.
    package var reason: String?

    package init(exitCode: Int32, reason: String? = nil) {
        self.exitCode = exitCode
        self.reason = reason
    }

    /// A failure of Mayfly itself.
    package static let platformCode = ContainerEnd.platformCode

    /// From the table of the room below.
    init(_ end: ContainerEnd) {
        let isTooLarge = end.meaning == .outOfMemory && end.signal != nil
        self.init(
            exitCode: end.shellCode,
            reason: isTooLarge ? "the container used too much memory" : end.note
        )
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
