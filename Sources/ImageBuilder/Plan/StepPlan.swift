// SPDX-License-Identifier: Apache-2.0
// Makes a container's plan of a RUN step's command. Pure.

import ImageStore
import FunctionModel
import Sandbox

enum StepPlan {
    /// Capabilities with which root creates files that belong to other users.
    private static let ownerChanging: Set<String> = ["CAP_CHOWN", "CAP_SETUID", "CAP_SETGID"]

    /// The host name of the step's container.
    static let hostName = "build"

    /// The restrictions of steps without root, for the build's output.
    static let rootlessRemark = """
        note: running as an ordinary user: all files belong to one user id and every step is its, so that USER does \
        not count and chown, su and package managers that change users fail; run the gateway as root for these

        """

    static func networkRemark(_ refusal: String) -> String {
        "note: this step has no network, as with --network=none: \(refusal)\n"
    }

    /// The container of one step.
    ///
    /// - Parameters:
    ///   - command: the step's.
    ///   - limits: its bounds.
    ///   - egressAllow: networks besides the public internet that a step with a network reaches.
    ///   - dataDirectory: DATA; all files of the host that the step sees are below it.
    ///   - translatesOwners: whether its files may have different owners; else it is root and cannot change owners:
    ///     this user could neither read nor remove them.
    /// - Returns: the plan; root keeps the capabilities that package managers need, other users have none.
    /// - Throws: ``StepFailure/argument(text:expected:)`` for a reserved mount target.
    static func plan(
        for command: StepCommand,
        limits: StepLimits,
        egressAllow: [String] = [],
        dataDirectory: String,
        translatesOwners: Bool
    ) throws(StepFailure) -> ContainerPlan {
        var image = command.image
        if !translatesOwners { image.account.user = ContainerUser() }
        var overrides = ContainerOverrides(hostname: hostName)
        overrides.entrypoint = []
        overrides.command = command.arguments
        overrides.defaults = command.proxies
        overrides.environment = command.environment
        overrides.limits = limits.sandbox
        overrides.network = command.network
        overrides.egressAllow = egressAllow
        overrides.capabilities = Capabilities.ofRoot.filter {
            translatesOwners || !ownerChanging.contains($0)
        }
        overrides.writableLayer = try place(TreePath.parent(command.changes), in: dataDirectory)
        for mount in command.mounts {
            let source: SandboxMount.Source
            switch mount.source {
            case .host(let path): source = .host(try place(path, in: dataDirectory))
            case .memory(let size): source = .memory(sizeBytes: size ?? limits.sandbox.memory.bytes)
            }
            overrides.mounts.append(
                SandboxMount(source: source, target: mount.target, readOnly: mount.readOnly)
            )
        }
        do throws(ContainerPlanError) {
            return try ContainerPlanner.plan(image, overrides)
        } catch {
            switch error {
            case .noCommand: throw .argument(text: "RUN", expected: "a command")
            case .mountTarget(let target, let expected): throw .argument(text: target, expected: expected)
            }
        }
    }

    /// Links in DATA's own path are trusted; links below it are not followed.
    private static func place(_ path: String, in dataDirectory: String) throws(StepFailure) -> HostPlace {
        let prefix = dataDirectory + "/"
        guard path.hasPrefix(prefix) else {
            throw .unsupportedFile(path: path, reason: "it is outside of the data folder")
        }
        return HostPlace(folder: dataDirectory, name: String(path.dropFirst(prefix.count)))
    }
}
