// SPDX-License-Identifier: Apache-2.0
// Short forms become long ones before files are merged, so that equal things have equal keys.

import ManifestReader

/// Rewrites one service of one file.
struct LongForms {
    /// The folder that relative paths of this file are relative to.
    let folder: String
    let home: String?

    /// The service with long forms and absolute paths.
    ///
    /// - Throws: ``ManifestError`` at a short form that is malformed.
    func service(_ field: ComposeField) throws(ManifestError) -> ComposeNode {
        guard field.node.content != .null else {
            throw field.mistake("'\(field.path)' is empty, expected a map")
        }
        var result: [ComposeEntry] = []
        for var entry in try field.map().entries {
            let value = ComposeField(node: entry.value, path: "\(field.path).\(entry.key)")
            if entry.value.content != .null {
                let joining = entry.value.joining
                entry.value = try self.value(of: entry.key, value)
                entry.value.joining = joining
            }
            result.append(entry)
        }
        return ComposeNode(.map(result), at: field.node.place)
    }

    private func value(of key: String, _ field: ComposeField) throws(ManifestError) -> ComposeNode {
        switch key {
        case "environment", "labels": try pairs(field, separators: "=")
        case "extra_hosts": try pairs(field, separators: "=:")
        case "build": try build(field)
        case "depends_on":
            try names(field) {
                [ComposeEntry("condition", at: $0, ComposeNode(.scalar("service_started"), at: $0))]
            }
        case "networks": try names(field) { _ in nil }
        case "ports": try items(field) { item throws(ManifestError) in try PortForms.long(item) }
        case "volumes":
            try items(field) { item throws(ManifestError) in
                [try VolumeForms(folder: folder, home: home).long(item)]
            }
        case "secrets", "configs": try items(field) { item in [wrapped(item, key: "source")] }
        case "env_file": try environmentFiles(field)
        case "tmpfs", "profiles": list(field)
        case "healthcheck": healthcheck(field)
        case "extends": extends(field)
        default: field.node
        }
    }

    /// A list of `NAME=value` as a map; `NAME` alone has no value.
    private func pairs(_ field: ComposeField, separators: String) throws(ManifestError) -> ComposeNode {
        guard case .list = field.node.content else { return field.node }
        var entries: [ComposeEntry] = []
        for item in try field.fields() {
            let text = try item.text("text such as NAME=value")
            let split = text.firstIndex { separators.contains($0) }
            let key = String(split.map { text[..<$0] } ?? text[...])
            guard !key.isEmpty else { throw item.invalid(text, expected: "NAME=value") }
            let value =
                split.map { ComposeNode.Content.scalar(String(text[text.index(after: $0)...])) } ?? .null
            let entry = ComposeEntry(key, at: item.node.place, ComposeNode(value, at: item.node.place))
            if let index = entries.firstIndex(where: { $0.key == key }) {
                entries[index] = entry
            } else {
                entries.append(entry)
            }
        }
        return ComposeNode(.map(entries), at: field.node.place)
    }

    /// A list of names as a map with a value for each.
    private func names(
        _ field: ComposeField,
        value: (SourcePlace) -> [ComposeEntry]?
    ) throws(ManifestError) -> ComposeNode {
        guard case .list = field.node.content else { return field.node }
        var entries: [ComposeEntry] = []
        for item in try field.fields() {
            let name = try item.name("a name")
            guard !entries.contains(where: { $0.key == name }) else {
                throw item.mistake("\(item.path): '\(name)' occurs twice")
            }
            let place = item.node.place
            let content = value(place).map { ComposeNode.Content.map($0) } ?? .null
            entries.append(ComposeEntry(name, at: place, ComposeNode(content, at: place)))
        }
        return ComposeNode(.map(entries), at: field.node.place)
    }

    private func items(
        _ field: ComposeField,
        long: (ComposeField) throws(ManifestError) -> [ComposeNode]
    ) throws(ManifestError) -> ComposeNode {
        var result: [ComposeNode] = []
        for item in try field.fields() {
            result += item.node.isMap && field.path.hasSuffix(".ports") ? [item.node] : try long(item)
        }
        return ComposeNode(.list(result), at: field.node.place)
    }

    /// A scalar as the only key of a map.
    private func wrapped(_ field: ComposeField, key: String) -> ComposeNode {
        guard field.node.scalar != nil else { return field.node }
        let place = field.node.place
        return ComposeNode(.map([ComposeEntry(key, at: place, field.node)]), at: place)
    }

    private func list(_ field: ComposeField) -> ComposeNode {
        guard field.node.scalar != nil else { return field.node }
        return ComposeNode(.list([field.node]), at: field.node.place)
    }

    private func build(_ field: ComposeField) throws(ManifestError) -> ComposeNode {
        var node = wrapped(field, key: "context")
        var entries = node.entries
        for index in entries.indices {
            let value = ComposeField(node: entries[index].value, path: "\(field.path).\(entries[index].key)")
            switch entries[index].key {
            case "context": entries[index].value.content = .scalar(absolute(try value.name("a folder")))
            case "args", "labels": entries[index].value = try pairs(value, separators: "=")
            default: continue
            }
        }
        guard node.isMap else { return node }
        node.content = .map(entries)
        return node
    }

    private func environmentFiles(_ field: ComposeField) throws(ManifestError) -> ComposeNode {
        var result: [ComposeNode] = []
        for item in try ComposeField(node: list(field), path: field.path).fields() {
            var node = wrapped(item, key: "path")
            var entries = node.entries
            for index in entries.indices where entries[index].key == "path" {
                let value = ComposeField(node: entries[index].value, path: "\(item.path).path")
                entries[index].value.content = .scalar(absolute(try value.name("a file")))
            }
            guard node.isMap else { throw item.mistake("'\(item.path)' is \(node.kind), expected a file") }
            node.content = .map(entries)
            result.append(node)
        }
        return ComposeNode(.list(result), at: field.node.place)
    }

    /// A health check's text is run by a shell, a list names the way itself.
    private func healthcheck(_ field: ComposeField) -> ComposeNode {
        var node = field.node
        var entries = node.entries
        for index in entries.indices where entries[index].key == "test" {
            let test = entries[index].value
            guard let text = test.scalar else { continue }
            let words = text == "NONE" ? ["NONE"] : ["CMD-SHELL", text]
            entries[index].value.content = .list(words.map { ComposeNode(.scalar($0), at: test.place) })
        }
        if node.isMap { node.content = .map(entries) }
        return node
    }

    private func extends(_ field: ComposeField) -> ComposeNode {
        var node = wrapped(field, key: "service")
        var entries = node.entries
        for index in entries.indices where entries[index].key == "file" {
            if let file = entries[index].value.scalar {
                entries[index].value.content = .scalar(absolute(file))
            }
        }
        if node.isMap { node.content = .map(entries) }
        return node
    }

    private func absolute(_ path: String) -> String {
        // Addresses of repositories stay: the reader refuses them by name.
        path.contains("://") || path.hasPrefix("git@")
            ? path : FilePath.absolute(path, in: folder, home: home)
    }
}
