// SPDX-License-Identifier: Apache-2.0
// Keys of a service that name other services, networks, ports, and files.

import ManifestReader

extension ServiceReader {
    func readLinks(into service: inout ComposeService) throws(ManifestError) {
        for (key, field) in try map["depends_on"]?.map().fields ?? [] {
            service.dependencies.append(try dependency(key, field))
        }
        for field in try map["ports"]?.fields() ?? [] {
            service.ports.append(try PortReader(map: field.map()).port())
        }
        for field in try map["expose"]?.fields() ?? [] { service.expose.append(try exposed(field)) }
        for (key, value) in try map["extra_hosts"]?.textMap() ?? [] {
            guard let value, !value.isEmpty else {
                throw map["extra_hosts"]?.mistake("the host '\(key)' has no address")
                    ?? map.field.mistake(key)
            }
            service.extraHosts.append("\(key):\(value)")
        }
        service.profiles = try map["profiles"]?.texts() ?? []
        try readNetworks(into: &service)
    }

    private func dependency(_ key: String, _ field: ComposeField) throws(ManifestError) -> ComposeDependency {
        var dependency = ComposeDependency(service: key, place: field.node.place)
        guard field.node.content != .null else { return dependency }
        let map = try field.map()
        try map.allow(ComposeSchema.dependency)
        if let condition = map["condition"] {
            dependency.condition = try condition.choice(ComposeDependency.Condition.self)
        }
        if let restart = map["restart"] { dependency.restarts = try restart.boolean() }
        if let required = map["required"] { dependency.isRequired = try required.boolean() }
        return dependency
    }

    private func exposed(_ field: ComposeField) throws(ManifestError) -> String {
        let text = try field.text("a port")
        let halves = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(halves.count), let port = Int(halves[0]), (1...65535).contains(port),
            halves.count == 1 || halves[1] == "tcp" || halves[1] == "udp"
        else { throw field.invalid(text, expected: "a port such as 80 or 53/udp") }
        return text
    }

    private func readNetworks(into service: inout ComposeService) throws(ManifestError) {
        if let field = map["network_mode"] {
            guard map["networks"] == nil else {
                throw field.mistake("'network_mode' and 'networks' exclude each other")
            }
            let text = try field.text()
            guard text == "none" else {
                throw field.invalid(text, expected: "none; name a network in 'networks' otherwise")
            }
            return
        }
        guard let field = map["networks"] else {
            service.networks = [ComposeAttachment(network: Self.defaultNetwork, place: map.field.node.place)]
            return
        }
        for (key, value) in try field.map().fields {
            var attachment = ComposeAttachment(network: key, place: value.node.place)
            if value.node.content != .null {
                let map = try value.map()
                try map.allow(ComposeSchema.attachment, refused: ComposeSchema.attachmentRefused)
                attachment.aliases = try map["aliases"]?.texts() ?? []
            }
            service.networks.append(attachment)
        }
    }

    /// The network of services that name none.
    static let defaultNetwork = "default"

    func readFiles(into service: inout ComposeService) throws(ManifestError) {
        for field in try map["volumes"]?.fields() ?? [] {
            service.mounts.append(try MountReader(map: field.map()).mount())
        }
        for field in try map["tmpfs"]?.fields() ?? [] {
            service.mounts.append(try MountReader.temporary(field))
        }
        var targets: Set<String> = []
        for mount in service.mounts where !targets.insert(mount.target).inserted {
            throw mount.place.mistake("'\(map.field.path)' has two mounts at '\(mount.target)'")
        }
        for field in try map["secrets"]?.fields() ?? [] { service.secrets.append(try grant(field)) }
        for field in try map["configs"]?.fields() ?? [] { service.configs.append(try grant(field)) }
    }

    private func grant(_ field: ComposeField) throws(ManifestError) -> ComposeGrant {
        let map = try field.map()
        try map.allow(ComposeSchema.grant, refused: ComposeSchema.grantRefused)
        guard let source = map["source"] else { throw field.mistake("'\(field.path)' has no 'source'") }
        var grant = ComposeGrant(source: try source.name("a name"), place: field.node.place)
        grant.target = try map["target"]?.name("a path")
        return grant
    }
}
