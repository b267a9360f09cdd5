// SPDX-License-Identifier: Apache-2.0
// From the merged tree to the project, and the checks of what its parts say about each other.

import ManifestReader

/// Fills a project.
struct ProjectBuilder {
    /// Services of one project: each is at least one container of one host.
    static let servicesMax = 256

    let sources: ComposeSources
    let profiles: Set<String>
    let chosen: [String]

    /// Reads everything and checks it.
    ///
    /// - Throws: ``ManifestError`` with the place of the first mistake.
    func fill(_ project: inout ComposeProject, from tree: ComposeNode) throws(ManifestError) {
        let top = try ComposeField(node: tree, path: "").map()
        try top.allow(ComposeSchema.top, refused: ComposeSchema.topRefused)
        if let version = top["version"] { _ = try version.text() }
        guard let services = top["services"] else {
            throw tree.place.mistake("'services' is missing, expected a map from names to services")
        }
        try readServices(services, into: &project)
        try readResources(top, into: &project)
        let checks = ProjectChecks(project: project)
        try checks.checkDependencies()
        try checks.checkReferences(declared: top)
        try checks.checkNames()
        let enabled = Set(project.services.map(\.name))
        for index in project.services.indices {
            project.services[index].dependencies.removeAll { !enabled.contains($0.service) }
        }
        _ = try project.startOrder()
        keepUsed(&project)
    }

    private func readServices(_ field: ComposeField, into project: inout ComposeProject) throws(ManifestError)
    {
        let map = try field.map()
        guard map.entries.count <= Self.servicesMax else {
            throw field.mistake("more than \(Self.servicesMax) services")
        }
        for entry in map.entries where !entry.key.hasPrefix("x-") {
            guard ComposeName.isService(entry.key) else {
                throw entry.place.mistake(
                    "'\(entry.key)' is not a service's name, expected letters, digits, '_', '.' and '-'"
                )
            }
            let own = try ComposeField(node: entry.value, path: "services.\(entry.key)").map()
            let service = try ServiceReader(map: own, name: entry.key, sources: sources).read()
            if isEnabled(service) {
                project.services.append(service)
            } else {
                project.disabled.append(service)
            }
        }
        guard !map.entries.isEmpty else { throw field.mistake("'services' is empty") }
    }

    private func isEnabled(_ service: ComposeService) -> Bool {
        service.profiles.isEmpty || profiles.contains("*") || chosen.contains(service.name)
            || !profiles.isDisjoint(with: service.profiles)
    }

    private func readResources(_ top: ComposeMap, into project: inout ComposeProject) throws(ManifestError) {
        let reader = ResourceReader(project: project.name, sources: sources)
        for (key, field) in try top["volumes"]?.map().fields ?? [] {
            project.volumes.append(try reader.volume(key, field))
        }
        for (key, field) in try top["networks"]?.map().fields ?? [] {
            project.networks.append(try reader.network(key, field))
        }
        if !project.networks.contains(where: { $0.key == ServiceReader.defaultNetwork }) {
            let key = ServiceReader.defaultNetwork
            project.networks.append(ComposeNetwork(key: key, name: "\(project.name)_\(key)"))
        }
        for (key, field) in try top["secrets"]?.map().fields ?? [] {
            project.secrets.append(try reader.content(key, field))
        }
        for (key, field) in try top["configs"]?.map().fields ?? [] {
            project.configs.append(try reader.content(key, field))
        }
    }

    /// Only what an enabled service uses is made.
    private func keepUsed(_ project: inout ComposeProject) {
        let services = project.services
        let networks = Set(services.flatMap { $0.networks.map(\.network) })
        let secrets = Set(services.flatMap { $0.secrets.map(\.source) })
        let configs = Set(services.flatMap { $0.configs.map(\.source) })
        let volumes = Set(services.flatMap { $0.mounts.compactMap(\.volumeKey) })
        project.networks.removeAll { !networks.contains($0.key) }
        project.secrets.removeAll { !secrets.contains($0.key) }
        project.configs.removeAll { !configs.contains($0.key) }
        project.volumes.removeAll { !volumes.contains($0.key) }
    }
}

extension ComposeMount {
    /// The key of the project's volume.
    package var volumeKey: String? {
        guard case .volume(let key) = source else { return nil }
        return key
    }
}
