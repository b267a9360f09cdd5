// SPDX-License-Identifier: Apache-2.0
// How the builder has a RUN executed, without knowing who does it.

package import FunctionModel
package import Sandbox

/// One command of a RUN step, everything resolved.
package struct RunCommand: Hashable, Sendable {
    /// What stands in the step's container besides its root.
    package enum MountSource: Hashable, Sendable {
        /// A folder or file of the host, shown as it is.
        case host(path: String)
        /// An empty tmpfs of at most so many bytes; nil leaves it to the runner.
        case memory(sizeBytes: Int?)
    }

    /// One mount: what, where, and whether the step may write to it.
    package struct Mount: Hashable, Sendable {
        package var source: MountSource
        /// Absolute path in the container; made when absent, and gone from the layer afterwards.
        package var target: String
        package var readOnly: Bool
    }

    /// Absolute path of the tree that is `/`.
    ///
    /// It is shared with other steps: the runner must not change it.
    package var rootfs: String
    /// Absolute path of an empty folder on the same file system.
    ///
    /// Afterwards it holds the step's changes as an
    /// overlay's upper directory does: whiteouts are character devices 0:0, `trusted.overlay.opaque` (or
    /// `user.overlay.opaque`) = `y` hides what the folder held before.
    package var changes: String
    /// Absolute path of an empty folder on the same file system, for the runner's own use (overlay's work folder).
    package var scratch: String
    package var arguments: [String]
    /// `NAME=value` each.
    package var environment: [String]
    package var user: ContainerUser
    package var workingDirectory: String
    package var mounts: [Mount]
    package var network: NetworkMode
}

/// Executes the commands of RUN steps.
package protocol StepRunner: Sendable {
    /// Runs one command to its end.
    ///
    /// - Parameters:
    ///   - command: what to run, and where.
    ///   - output: called with pieces of stdout and stderr as they come; must not block.
    /// - Returns: how it ended; everything it started is dead.
    /// - Throws: ``StepFailure`` when it could not be run at all.
    func run(
        _ command: RunCommand,
        output: @escaping @Sendable ([UInt8]) -> Void
    ) async throws(StepFailure) -> ExitReport
}

/// Refuses every RUN by name: for hosts without a sandbox.
package struct UnavailableStepRunner: StepRunner {
    package init() {}

    /// Always throws ``StepFailure`` `.unavailable`.
    package func run(
        _ command: RunCommand,
        output: @escaping @Sendable ([UInt8]) -> Void
    ) async throws(StepFailure) -> ExitReport {
        throw .unavailable("RUN")
    }
}
