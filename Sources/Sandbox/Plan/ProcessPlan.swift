// SPDX-License-Identifier: Apache-2.0
// Another process in a running container, as a pure value. WarmSandbox makes one of it.

import FunctionModel

/// A process that enters a running container; it ends with the container at the latest.
package struct ProcessPlan: Hashable, Sendable {
    /// What it executes; its environment is complete.
    package var command: SandboxCommand
    /// In the container's own numbers; root has the capabilities of the container's plan.
    package var user: ContainerUser
    /// Absolute; it has to exist.
    package var workingDirectory: String
    /// Whether it gets a terminal: stdin and stdout are its other end, nothing comes on stderr.
    package var hasTerminal = false

    package init(command: SandboxCommand, user: ContainerUser, workingDirectory: String) {
        self.command = command
        self.user = user
        self.workingDirectory = workingDirectory
    }
}

/// What a process that enters a container has unless it is told otherwise: as PID 1.
package struct ProcessDefaults: Hashable, Sendable {
    package var user: ContainerUser
    package var workingDirectory: String
    /// Absolute path of the image's unpacked tree, for names of users.
    package var rootfs: String

    package init(user: ContainerUser, workingDirectory: String, rootfs: String) {
        self.user = user
        self.workingDirectory = workingDirectory
        self.rootfs = rootfs
    }

    init(_ plan: SandboxPlan) {
        self.init(user: plan.user, workingDirectory: plan.workingDirectory, rootfs: plan.rootfs)
    }
}
