// SPDX-License-Identifier: Apache-2.0
// From a stored container to what its sandbox has besides the image. Container asks.

import FunctionModel
import ImageBuilder
import ImageStore
import Sandbox

/// What one container overrides.
enum ContainerPlans {
    /// Folders of the host whose content is the host's own: a container that changes them changes the host.
    private static let systemFolders = [
        "bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "root", "run", "sbin", "sys",
        "usr",
        "var",
    ]

    /// Translates a request.
    ///
    /// - Parameters:
    ///   - request: as stored.
    ///   - id: of the container; its first digits are the host name.
    ///   - folders: where its volumes are.
    ///   - hasLayer: its writable layer is on the disk.
    /// - Returns: what the planner changes of the image's own.
    /// - Throws: ``ContainerError/invalid(_:)``.
    static func overrides(
        _ request: ContainerRequest,
        id: String,
        folders: ContainerFolders,
        hasLayer: Bool
    ) throws(ContainerError) -> ContainerOverrides {
        var overrides = ContainerOverrides(
            hostname: request.hostname ?? String(id.prefix(ContainerName.shortIDLength))
        )
        overrides.entrypoint = request.entrypoint
        overrides.command = request.command
        overrides.environment = ContainerPlanner.variables(request.environment)
        overrides.workingDirectory = request.workingDirectory
        // As a build step: it may do what an administrator's own program may, within its container.
        overrides.limits = StepLimits.ofHost.sandbox
        if let memory = request.memory { overrides.limits.memory = memory }
        if let cpu = request.cpu { overrides.limits.cpu = cpu }
        if let pids = request.pids { overrides.limits.pids = pids }
        overrides.limits.disk = overrides.limits.memory
        overrides.readOnlyRoot = request.readOnlyRoot
        overrides.capabilities = try capabilities(request)
        overrides.network = request.network
        overrides.hasTerminal = request.hasTerminal
        overrides.hosts = request.extraHosts
        overrides.hasInit = request.hasInit
        if hasLayer { overrides.writableLayer = folders.layer(of: id) }
        for volume in request.volumes { overrides.mounts.append(try mount(volume, folders)) }
        for folder in request.tmpfs {
            overrides.mounts.append(
                SandboxMount(source: .memory(sizeBytes: folder.size.bytes), target: folder.target)
            )
        }
        do throws(ContainerPlanError) { try overrides.checkMounts() } catch { throw ContainerError(error) }
        return overrides
    }

    private static func mount(
        _ volume: ContainerVolume,
        _ folders: ContainerFolders
    ) throws(ContainerError) -> SandboxMount {
        let source: HostPlace
        if volume.isNamed {
            source = folders.volume(volume.source)
        } else {
            if let expected = refusal(ofSource: volume.source, dataDirectory: folders.dataDirectory) {
                throw .invalid(ModelError(field: "volume", value: volume.source, expected: expected))
            }
            source = HostPlace(folder: volume.source)
        }
        return SandboxMount(source: .host(source), target: volume.target, readOnly: volume.readOnly)
    }

    /// Why a folder of the host is not shown; nil when it is.
    static func refusal(ofSource path: String, dataDirectory: String) -> String? {
        let parts = path.split(separator: "/").filter { $0 != "." }.map(String.init)
        if parts.contains("..") { return "a path without '..'" }
        guard let first = parts.first else { return "a folder below /, not the host's root" }
        if systemFolders.contains(first) {
            return "no system folder of the host"
        }
        let data = dataDirectory.split(separator: "/").map(String.init)
        if parts.starts(with: data) || data.starts(with: parts) {
            return "a path outside of the gateway's data folder"
        }
        return nil
    }

    private static func capabilities(_ request: ContainerRequest) throws(ContainerError) -> [String] {
        func names(_ given: [String], _ field: String) throws(ContainerError) -> Set<String> {
            var found: Set<String> = []
            for text in given {
                let upper = text.uppercased()
                if upper == "ALL" {
                    found.formUnion(Capabilities.ofRoot)
                    continue
                }
                let name = upper.hasPrefix("CAP_") ? upper : "CAP_" + upper
                guard Capabilities.ofRoot.contains(name) || field == "cap_drop" else {
                    let expected = "one of \(Capabilities.ofRoot.joined(separator: ", "))"
                    throw .invalid(ModelError(field: field, value: text, expected: expected))
                }
                found.insert(name)
            }
            return found
        }
        let kept = Set(Capabilities.ofRoot).subtracting(try names(request.droppedCapabilities, "cap_drop"))
        return kept.union(try names(request.addedCapabilities, "cap_add")).sorted()
    }
}
