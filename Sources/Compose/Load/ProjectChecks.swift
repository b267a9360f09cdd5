// SPDX-License-Identifier: Apache-2.0
// Names that a service uses exist, and no two services want the same thing.

import ManifestReader

/// Checks a project.
struct ProjectChecks {
    let project: ComposeProject

    func checkDependencies() throws(ManifestError) {
        let all = project.services + project.disabled
        for service in project.services {
            for dependency in service.dependencies {
                guard let other = all.first(where: { $0.name == dependency.service }) else {
                    throw dependency.place.mistake(
                        "'\(service.name)' depends on '\(dependency.service)', which is no service"
                            + hint(dependency.service, all.map(\.name))
                    )
                }
                if project[service: other.name] == nil, dependency.isRequired {
                    throw dependency.place.mistake(
                        "'\(service.name)' depends on '\(other.name)', which needs one of the profiles "
                            + other.profiles.joined(separator: ", ")
                    )
                }
                if other.function != nil, dependency.condition != .started {
                    throw dependency.place.mistake(
                        "'\(other.name)' is a function: it is never \(dependency.condition.rawValue.dropFirst(8)), "
                            + "expected service_started"
                    )
                }
            }
        }
    }

    func checkReferences(declared top: ComposeMap) throws(ManifestError) {
        let networks = project.networks.map(\.key)
        let volumes = project.volumes.map(\.key)
        for service in project.services {
            for attachment in service.networks where !networks.contains(attachment.network) {
                throw undefined("network", attachment.network, of: service, at: attachment.place, networks)
            }
            for mount in service.mounts {
                guard let key = mount.volumeKey, !volumes.contains(key) else { continue }
                throw undefined("volume", key, of: service, at: mount.place, volumes)
            }
            try check(service.secrets, in: project.secrets, kind: "secret", of: service)
            try check(service.configs, in: project.configs, kind: "config", of: service)
        }
    }

    private func check(
        _ grants: [ComposeGrant],
        in contents: [ComposeContent],
        kind: String,
        of service: ComposeService
    ) throws(ManifestError) {
        for grant in grants where !contents.contains(where: { $0.key == grant.source }) {
            throw undefined(kind, grant.source, of: service, at: grant.place, contents.map(\.key))
        }
    }

    private func undefined(
        _ kind: String,
        _ name: String,
        of service: ComposeService,
        at place: SourcePlace,
        _ known: [String]
    ) -> ManifestError {
        place.mistake(
            "'\(service.name)' uses the \(kind) '\(name)', which is not declared under '\(kind)s'"
                + hint(name, known)
        )
    }

    /// Two containers of one name, or two listeners of one address, would fail halfway through `up`.
    func checkNames() throws(ManifestError) {
        var names: [String: String] = [:]
        var listeners: [String: String] = [:]
        for service in project.services where service.function == nil {
            let name = service.containerName(project: project.name, number: 1)
            if let other = names.updateValue(service.name, forKey: name) {
                throw service.place.mistake(
                    "'\(other)' and '\(service.name)' both have the container name '\(name)'"
                )
            }
            for port in service.ports {
                guard let published = port.published else { continue }
                let key = "\(port.hostAddress ?? "*"):\(published)/\(port.isUDP ? "udp" : "tcp")"
                if let other = listeners.updateValue(service.name, forKey: key) {
                    throw service.place.mistake(
                        "'\(other)' and '\(service.name)' both publish the port \(key)"
                    )
                }
            }
        }
    }

    private func hint(_ word: String, _ known: [String]) -> String {
        suggestion(for: word, among: known).map { " (did you mean '\($0)'?)" } ?? ""
    }
}
