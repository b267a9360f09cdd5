// SPDX-License-Identifier: Apache-2.0
// From a request and its image to a plan and a command. AttachedContainers asks.

import OCI
import FunctionModel
import ImageBuilder
import ImageStore
import Sandbox

/// An attached container before it is made.
struct PreparedContainer {
    /// What it is called inside.
    private static let hostName = "container"

    let plan: SandboxPlan
    let command: SandboxCommand

    /// Finds the image, unpacks it when needed, and looks up its user.
    ///
    /// Suspends for disk work.
    init(_ request: ContainerRequest, images: ImageStore) async throws(AttachError) {
        let mounts = try Self.mounts(request.volumes)
        do throws(ImageError) {
            let image = try await images.resolve(request.image)
            let account = try await images.user(for: image.digest)
            var plan = SandboxPlan(
                rootfs: try await images.rootfs(for: image.digest),
                hostname: Self.hostName
            )
            plan.user = account.user
            plan.workingDirectory = image.execution.workingDirectory ?? "/"
            if plan.workingDirectory.isEmpty { plan.workingDirectory = "/" }
            plan.volumes = (image.execution.volumes ?? [:]).keys.sorted()
            // As a build step: it may do what an administrator's own program may, within its container.
            plan.limits = StepLimits.ofHost.sandbox
            plan.limits.disk = plan.limits.memory
            plan.capabilities = Capabilities.ofRoot
            plan.network = request.network
            plan.mounts = mounts
            plan.hasTerminal = request.hasTerminal
            self.plan = plan
            command = SandboxCommand(
                arguments: Self.arguments(request, image),
                environment: Self.environment(request, image.execution.environment ?? [], home: account.home)
            )
        } catch {
            throw .image(error)
        }
        guard !command.arguments.isEmpty else {
            throw .invalid(
                ModelError(field: "command", value: "", expected: "a command, since the image has none")
            )
        }
    }

    /// As Docker: words replace CMD, an entry point takes CMD away.
    private static func arguments(_ request: ContainerRequest, _ image: Image) -> [String] {
        guard let entrypoint = request.entrypoint else { return image.command(overriding: request.command) }
        return entrypoint.filter { !$0.isEmpty } + (request.command ?? [])
    }

    /// The image's variables, then the caller's; what every process needs when neither has it.
    static func environment(_ request: ContainerRequest, _ image: [String], home: String) -> [String] {
        var values = ["PATH": FunctionCommand.defaultPath, "HOME": home, "HOSTNAME": hostName]
        if request.hasTerminal { values["TERM"] = "xterm" }
        for variable in image + request.environment {
            guard let equals = variable.firstIndex(of: "="), equals != variable.startIndex else { continue }
            values[String(variable[..<equals])] = String(variable[variable.index(after: equals)...])
        }
        return values.map { "\($0)=\($1)" }.sorted()
    }

    private static func mounts(_ volumes: [ContainerVolume]) throws(AttachError) -> [SandboxMount] {
        var mounts: [SandboxMount] = []
        for volume in volumes {
            guard volume.source.hasPrefix("/") else {
                throw .invalid(
                    ModelError(
                        field: "volume",
                        value: volume.source,
                        expected: "an absolute path of the host"
                    )
                )
            }
            if let expected = SandboxMount.refusal(of: volume.target) {
                throw .invalid(ModelError(field: "volume", value: volume.target, expected: expected))
            }
            mounts.append(
                SandboxMount(
                    source: .host(HostPlace(folder: volume.source)),
                    target: volume.target,
                    readOnly: volume.readOnly
                )
            )
        }
        // Outer targets first, so that they do not hide inner ones.
        return mounts.sorted { $0.target.utf8.lexicographicallyPrecedes($1.target.utf8) }
    }
}
