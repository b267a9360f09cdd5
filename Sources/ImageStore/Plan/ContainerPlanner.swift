// SPDX-License-Identifier: Apache-2.0
// Makes the plan and the command of a container from an image and overrides. Pure; the only place that makes a plan.

package import OCI
package import Sandbox

/// The image's part of a container's plan.
package struct ContainerImage: Hashable, Sendable {
    /// Absolute path of the unpacked, read-only tree.
    package var rootfs: String
    /// The user, looked up in that tree.
    package var account: ContainerAccount
    /// The configuration, of which ENTRYPOINT, CMD, ENV, WORKDIR and VOLUME are used.
    package var execution: ImageConfiguration.Execution

    package init(
        rootfs: String,
        account: ContainerAccount,
        execution: ImageConfiguration.Execution = ImageConfiguration.Execution()
    ) {
        self.rootfs = rootfs
        self.account = account
        self.execution = execution
    }
}

/// Everything about a container that is known before it starts.
package struct ContainerPlan: Hashable, Sendable {
    package var sandbox: SandboxPlan
    /// The arguments of PID 1; never empty.
    package var arguments: [String]
    /// Its variables by name.
    package var environment: [String: String]

    /// The command of a container without further arguments.
    package var command: SandboxCommand {
        SandboxCommand(arguments: arguments, environment: environment.map { "\($0)=\($1)" }.sorted())
    }
}

/// Why no plan can be made.
package enum ContainerPlanError: Error, Hashable, Sendable {
    /// The image has neither ENTRYPOINT nor CMD, and the overrides have no command.
    case noCommand
    /// The target of a mount is reserved.
    case mountTarget(String, expected: String)
}

/// Joins an image with overrides.
package enum ContainerPlanner {
    /// PATH when neither image nor overrides set it: Docker's default.
    package static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// Makes the plan of one container, or of all containers of a function.
    ///
    /// - Parameters:
    ///   - image: unpacked, with its user.
    ///   - overrides: take precedence over the image.
    /// - Returns: the plan, with its mounts in the order of mounting.
    /// - Throws: ``ContainerPlanError``.
    package static func plan(
        _ image: ContainerImage,
        _ overrides: ContainerOverrides
    ) throws(ContainerPlanError) -> ContainerPlan {
        try overrides.checkMounts()
        let arguments = arguments(
            image.execution,
            entrypoint: overrides.entrypoint,
            command: overrides.command
        )
        guard !arguments.isEmpty else { throw .noCommand }
        var sandbox = SandboxPlan(rootfs: image.rootfs, hostname: overrides.hostname)
        sandbox.user = image.account.user
        let folder = overrides.workingDirectory ?? image.execution.workingDirectory ?? ""
        sandbox.workingDirectory = folder.isEmpty ? "/" : folder
        sandbox.volumes = (image.execution.volumes ?? [:]).keys.sorted()
        sandbox.readOnlyRoot = overrides.readOnlyRoot
        sandbox.limits = overrides.limits
        sandbox.network = overrides.network
        sandbox.egressAllow = overrides.egressAllow
        sandbox.links = overrides.links
        sandbox.rewritesHosts = overrides.rewritesHosts
        sandbox.secrets = overrides.secrets
        sandbox.capabilities = overrides.capabilities
        sandbox.writableLayer = overrides.writableLayer
        sandbox.hasTerminal = overrides.hasTerminal
        sandbox.hosts = overrides.hosts
        sandbox.hasInit = overrides.hasInit
        // Outer targets first, so that they do not hide inner ones.
        sandbox.mounts = overrides.mounts.sorted {
            TreePath.precedes(TreePath.clean($0.target), TreePath.clean($1.target))
        }
        return ContainerPlan(
            sandbox: sandbox,
            arguments: arguments,
            environment: environment(image, overrides)
        )
    }

    /// Docker's rules: a command replaces CMD, an entry point removes CMD.
    package static func arguments(
        _ execution: ImageConfiguration.Execution,
        entrypoint: [String]? = nil,
        command: [String]? = nil
    ) -> [String] {
        guard let entrypoint else {
            return (execution.entrypoint ?? []) + (command ?? execution.command ?? [])
        }
        return entrypoint.filter { !$0.isEmpty } + (command ?? [])
    }

    /// The variables of every process, then the defaults, the image's and the overrides; the last one of a name counts.
    private static func environment(
        _ image: ContainerImage,
        _ overrides: ContainerOverrides
    ) -> [String: String] {
        var values = ["PATH": defaultPath, "HOME": image.account.home]
        if overrides.hasTerminal { values["TERM"] = "xterm" }
        values.merge(overrides.defaults) { $1 }
        values.merge(variables(image.execution.environment ?? [])) { $1 }
        values.merge(overrides.environment) { $1 }
        return values
    }

    /// Parses texts `NAME=value`; a text without a name is ignored, and the last one of a name counts.
    package static func variables(_ texts: [String]) -> [String: String] {
        var values: [String: String] = [:]
        for text in texts {
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex else { continue }
            values[String(text[..<equals])] = String(text[text.index(after: equals)...])
        }
        return values
    }
}
