// SPDX-License-Identifier: Apache-2.0
// A service with `x-mayfly`: the function that deploy gets, with the keys of function.yaml under x-mayfly.

import Compose
import FunctionModel
import ManifestReader

extension ComposeService {
    /// The function of the service; nil when it is a container.
    ///
    /// - Throws: ``ManifestError`` with the place of a mistake below `x-mayfly`.
    func functionManifest(project: String) throws(ManifestError) -> FunctionManifest? {
        guard let function else { return nil }
        let path = "services.\(name).\(ComposeSchema.functionKey)"
        var value = function.placedValue
        guard case .map(var entries) = value.content else {
            throw ManifestNode(value, path: path).mistake("'\(path)' is no map")
        }
        let own = try ManifestMapping(ManifestNode(value, path: path))
        for key in Self.keysOfService where entries.contains(where: { $0.key == key }) {
            throw own.mistake(atKey: key, "'\(key)' in '\(path)' is a key of the service itself")
        }
        // The reader asks for an image, which is a key of the service.
        entries.append(PlacedEntry("image", PlacedValue(.text(imageName(project: project)), at: value.place)))
        value.content = .map(entries)
        let mapping = try ManifestMapping(ManifestNode(value, path: path))
        let name: FunctionName
        do throws(ModelError) { name = try FunctionName(self.name) } catch {
            throw mapping.node.mistake("the service is a function: \(error.description)")
        }
        var manifest = try FunctionReader(mapping: mapping).read(name: name, keys: ManifestSchema.entry)
        manifest.configuration.environment.merge(environment) { own, _ in own }
        manifest.configuration.labels.merge(labels) { own, _ in own }
        manifest.configuration.labels[ComposeLabel.project] = project
        manifest.configuration.labels[ComposeLabel.service] = self.name
        if let command {
            guard manifest.configuration.command == nil else {
                throw own.mistake(atKey: "command", "'command' is given on the service and in '\(path)'")
            }
            manifest.configuration.command = command
        }
        return manifest
    }

    /// Keys of an entry of stack.yaml that a service says itself.
    private static let keysOfService = [
        "image", "build", "build_args", "handler", "lang", "skip_build", "environment_file", "fprocess",
    ]

    /// The entries of `uses` for the containers that a function depends on, under their names in its networks.
    func services(of project: ComposeProject) -> [String] {
        let own = Set(networks.map(\.network))
        return dependencies.compactMap { project[service: $0.service] }.flatMap { other -> [String] in
            let common = other.networks.filter { own.contains($0.network) }
            guard other.function == nil, !common.isEmpty else { return [] }
            let container = other.containerName(project: project.name, number: 1)
            var names = [other.name]
            for alias in common.flatMap(\.aliases) where !names.contains(alias) { names.append(alias) }
            return names.map { "\(container):\($0)" }
        }
    }
}
