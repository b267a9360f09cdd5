// SPDX-License-Identifier: Apache-2.0
// From a request to what its container has besides the image. AttachedContainers asks.

import FunctionModel
import ImageBuilder
import ImageStore
import Sandbox

/// What one caller's container overrides.
enum AttachedOverrides {
    /// What the container is called inside.
    static let hostName = "container"

    /// Translates a request.
    ///
    /// - Throws: ``AttachError/invalid(_:)`` for a volume that nothing can be mounted from or at.
    static func make(_ request: ContainerRequest) throws(AttachError) -> ContainerOverrides {
        var overrides = ContainerOverrides(hostname: hostName)
        overrides.entrypoint = request.entrypoint
        overrides.command = request.command
        overrides.environment = ContainerPlanner.variables(request.environment)
        // As a build step: it may do what an administrator's own program may, within its container.
        overrides.limits = StepLimits.ofHost.sandbox
        overrides.limits.disk = overrides.limits.memory
        overrides.capabilities = Capabilities.ofRoot
        overrides.network = request.network
        overrides.hasTerminal = request.hasTerminal
        for volume in request.volumes { overrides.mounts.append(try mount(volume)) }
        do throws(ContainerPlanError) { try overrides.checkMounts() } catch { throw AttachError(error) }
        return overrides
    }

    private static func mount(_ volume: ContainerVolume) throws(AttachError) -> SandboxMount {
        guard volume.source.hasPrefix("/") else {
            let expected = "an absolute path of the host"
            throw .invalid(ModelError(field: "volume", value: volume.source, expected: expected))
        }
        let source = SandboxMount.Source.host(HostPlace(folder: volume.source))
        return SandboxMount(source: source, target: volume.target, readOnly: volume.readOnly)
    }
}

extension AttachError {
    /// Why image and request make no container.
    init(_ error: ContainerPlanError) {
        switch error {
        case .noCommand:
            let expected = "a command, since the image has none"
            self = .invalid(ModelError(field: "command", value: "", expected: expected))
        case .mountTarget(let target, let expected):
            self = .invalid(ModelError(field: "volume", value: target, expected: expected))
        }
    }
}
