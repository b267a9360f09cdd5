// SPDX-License-Identifier: Apache-2.0
// The interface through which the builder executes a RUN.

package import FunctionModel
package import ImageStore
package import Sandbox

/// One command of a RUN step, with all variables and names resolved.
package struct StepCommand: Hashable, Sendable {
    /// The content of a mount.
    package enum MountSource: Hashable, Sendable {
        /// A folder or file of the host.
        case host(path: String)
        /// An empty tmpfs of at most so many bytes; nil lets the runner choose.
        case memory(sizeBytes: Int?)
    }

    /// A mount of the step's container besides its root.
    package struct Mount: Hashable, Sendable {
        package var source: MountSource
        /// Absolute path in the container, free of links in ``StepCommand/rootfs``; the runner makes it when it is
        /// absent.
        package var target: String
        package var readOnly: Bool
    }

    /// The stage before the step: its tree, shared with other steps and read-only, its user, and the parts of its
    /// configuration that affect a RUN.
    package var image: ContainerImage
    /// Absolute path of an empty folder that receives the step's changes.
    ///
    /// In the form of an overlay's upper folder (`redirect_dir` and `metacopy` off): a whiteout is a character
    /// device 0:0, and `trusted.overlay.opaque` or `user.overlay.opaque` = `y` hides what a folder held before.
    package var changes: String
    /// Absolute path of an empty folder beside it, for the runner's own use, such as an overlay's work folder.
    package var scratch: String
    package var arguments: [String]
    /// Proxies by name; the stage's variables take precedence.
    package var proxies: [String: String] = [:]
    /// Secrets that are variables, by name.
    package var environment: [String: String] = [:]
    package var mounts: [Mount]
    package var network: NetworkMode
    /// The time limit; afterwards all processes of the step are killed.
    package var timeLimit: Duration

    /// Absolute path of the tree that becomes `/`.
    package var rootfs: String { image.rootfs }
}

/// How a command ended.
package struct RunOutcome: Hashable, Sendable {
    package var report: ExitReport
    /// The host's id for id 0 of the container: owners of files in ``StepCommand/changes`` are relative to it.
    package var firstHostID: UInt32

    package init(report: ExitReport, firstHostID: UInt32 = 0) {
        self.report = report
        self.firstHostID = firstHostID
    }
}

/// Executes the commands of RUN steps.
package protocol StepRunner: Sendable {
    /// Runs one command to its end.
    ///
    /// - Parameters:
    ///   - command: the command and its container.
    ///   - output: called with pieces of stdout and stderr as they arrive, from any thread; does not block.
    /// - Returns: how it ended; all its processes have ended.
    /// - Throws: ``StepFailure`` when it could not be started, or the task was cancelled.
    func run(
        _ command: StepCommand,
        output: @escaping @Sendable ([UInt8]) -> Void
    ) async throws(StepFailure) -> RunOutcome
}

/// Refuses every RUN: for hosts without a sandbox.
package struct UnavailableStepRunner: StepRunner {
    package init() {}

    /// Throws ``StepFailure/unavailable(_:)``.
    package func run(
        _ command: StepCommand,
        output: @escaping @Sendable ([UInt8]) -> Void
    ) async throws(StepFailure) -> RunOutcome {
        throw .unavailable("RUN")
    }
}
