// SPDX-License-Identifier: Apache-2.0
// From a RUN step's command to its container's plan. Pure.

import ImageStore
import FunctionModel
import Sandbox

enum StepPlan {
    /// Capabilities with which root makes files that belong to others.
    private static let ownerChanging: Set<String> = ["CAP_CHOWN", "CAP_SETUID", "CAP_SETGID"]

    /// What the step's container is called inside.
    static let hostName = "build"

    /// What an ordinary user's step cannot do, for the build's output.
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
    ///   - egressAllow: networks besides the public internet that it reaches when it has a network.
    ///   - dataDirectory: DATA; everything that the step sees of the host is below it.
    ///   - translatesOwners: whether its files may have owners; else it is root, and cannot change owners:
    ///     this user could neither read nor remove them.
    /// - Returns: the plan; root keeps what package managers need, other users nothing.
    /// - Throws: ``StepFailure/argument(text:expected:)`` for a mount target that is not the user's to choose.
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

    /// Links in DATA's own path are the administrator's; none below it is followed.
    private static func place(_ path: String, in dataDirectory: String) throws(StepFailure) -> HostPlace {
        let prefix = dataDirectory + "/"
        guard path.hasPrefix(prefix) else {
            throw .unsupportedFile(path: path, reason: "it is outside of the data folder")
        }
        return HostPlace(folder: dataDirectory, name: String(path.dropFirst(prefix.count)))
    }
}
