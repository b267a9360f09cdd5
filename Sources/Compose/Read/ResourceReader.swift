// SPDX-License-Identifier: Apache-2.0
// Volumes, networks, secrets and configurations at the top of a file.

import ManifestReader

/// Reads what services share.
struct ResourceReader {
    let project: String
    let sources: ComposeSources

    func volume(_ key: String, _ field: ComposeField) throws(ManifestError) -> ComposeVolume {
        var volume = ComposeVolume(key: key, name: "\(project)_\(key)")
        guard field.node.content != .null else { return volume }
        let map = try field.map()
        try map.allow(ComposeSchema.volume, refused: ComposeSchema.volumeRefused)
        if let driver = map["driver"] { try check(driver, is: ["local"]) }
        volume.isExternal = try external(map)
        volume.labels = try labels(map)
        volume.name = try map["name"]?.name("a name") ?? (volume.isExternal ? key : volume.name)
        return volume
    }

    func network(_ key: String, _ field: ComposeField) throws(ManifestError) -> ComposeNetwork {
        var network = ComposeNetwork(key: key, name: "\(project)_\(key)")
        guard field.node.content != .null else { return network }
        let map = try field.map()
        try map.allow(ComposeSchema.network, refused: ComposeSchema.networkRefused)
        if let driver = map["driver"] { try check(driver, is: ["bridge", "default"]) }
        network.isExternal = try external(map)
        if let field = map["internal"] { network.isInternal = try field.boolean() }
        network.labels = try labels(map)
        network.name = try map["name"]?.name("a name") ?? (network.isExternal ? key : network.name)
        return network
    }

    /// A secret or a configuration.
    func content(_ key: String, _ field: ComposeField) throws(ManifestError) -> ComposeContent {
        let map = try field.map()
        try map.allow(ComposeSchema.content, refused: ComposeSchema.contentRefused)
        guard let file = map["file"] else { throw field.mistake("'\(field.path)' has no 'file'") }
        return ComposeContent(key: key, path: try sources.path(of: file))
    }

    /// `true`, or the old form `{name: N}`, which is refused by name.
    private func external(_ map: ComposeMap) throws(ManifestError) -> Bool {
        guard let field = map["external"] else { return false }
        guard !field.node.isMap else {
            throw field.mistake("'\(field.path)' is a map, expected true or false; write 'name' beside it")
        }
        return try field.boolean()
    }

    private func labels(_ map: ComposeMap) throws(ManifestError) -> [String: String] {
        guard let field = map["labels"] else { return [:] }
        guard !field.node.isMap else { return try field.labels() }
        var labels: [String: String] = [:]
        for text in try field.texts() {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                String.init
            )
            labels[parts[0]] = parts.count == 2 ? parts[1] : ""
        }
        return labels
    }

    private func check(_ field: ComposeField, is allowed: [String]) throws(ManifestError) {
        let text = try field.text()
        guard allowed.contains(text) else {
            throw field.invalid(text, expected: allowed.joined(separator: " or "))
        }
    }
}
