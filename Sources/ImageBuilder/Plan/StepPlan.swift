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
    ///   - dataDirectory: DATA; everything that the step sees of the host is below it.
    ///   - translatesOwners: whether its files may have owners; else it is root, and cannot change owners:
    ///     this user could neither read nor remove them.
    /// - Returns: the plan; root keeps what package managers need, other users nothing.
    /// - Throws: ``StepFailure/argument(text:expected:)`` for a mount target that is not the user's to choose.
    static func plan(
        for command: StepCommand,
        limits: StepLimits,
        dataDirectory: String,
        translatesOwners: Bool
    ) throws(StepFailure) -> SandboxPlan {
        var plan = SandboxPlan(rootfs: command.rootfs, hostname: hostName)
        plan.user = translatesOwners ? command.user : ContainerUser()
        plan.workingDirectory = command.workingDirectory
        plan.limits = limits.sandbox
        plan.network = command.network
        plan.capabilities = Capabilities.ofRoot.filter { translatesOwners || !ownerChanging.contains($0) }
        plan.writableLayer = try place(TreePath.parent(command.changes), in: dataDirectory)
        // Outer targets first, so that they do not hide inner ones.
        let ordered = command.mounts.sorted {
            TreePath.precedes(TreePath.clean($0.target), TreePath.clean($1.target))
        }
        for mount in ordered {
            if let expected = SandboxMount.refusal(of: mount.target) {
                throw .argument(text: mount.target, expected: expected)
            }
            let source: SandboxMount.Source
            switch mount.source {
            case .host(let path): source = .host(try place(path, in: dataDirectory))
            case .memory(let size): source = .memory(sizeBytes: size ?? limits.sandbox.memory.bytes)
            }
            plan.mounts.append(SandboxMount(source: source, target: mount.target, readOnly: mount.readOnly))
        }
        return plan
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
