// SPDX-License-Identifier: Apache-2.0
// `./code:/code:ro`: the short form of volumes, and absolute sources of bind mounts in both forms.

import ManifestReader

/// Parses volumes.
struct VolumeForms {
    let folder: String
    let home: String?

    func long(_ field: ComposeField) throws(ManifestError) -> ComposeNode {
        guard field.node.scalar == nil else { return try short(field) }
        var node = field.node
        var entries = try field.map().entries
        if node["type"]?.scalar == "bind" {
            for index in entries.indices where entries[index].key == "source" {
                let source = ComposeField(node: entries[index].value, path: "\(field.path).source")
                let path = FilePath.absolute(try source.name("a folder"), in: folder, home: home)
                entries[index].value.content = .scalar(path)
            }
        }
        node.content = .map(entries)
        return node
    }

    private func short(_ field: ComposeField) throws(ManifestError) -> ComposeNode {
        let text = try field.text("text such as SOURCE:TARGET")
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard (1...3).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }) else {
            throw field.invalid(text, expected: "[SOURCE:]TARGET[:ro|rw]")
        }
        let source = parts.count > 1 ? parts[0] : nil
        let isBind = source.map { $0.hasPrefix(".") || $0.hasPrefix("/") || $0.hasPrefix("~") } ?? false
        var pairs: [(String, String)] = [("type", isBind ? "bind" : "volume")]
        if let source {
            pairs.append(("source", isBind ? FilePath.absolute(source, in: folder, home: home) : source))
        }
        pairs.append(("target", parts.count > 1 ? parts[1] : parts[0]))
        if parts.count == 3 {
            switch parts[2] {
            case "ro": pairs.append(("read_only", "true"))
            case "rw": break
            case let mode:
                throw field.mistake("\(field.path): the mode '\(mode)' is not supported, expected ro or rw")
            }
        }
        let place = field.node.place
        return ComposeNode(
            .map(pairs.map { ComposeEntry($0.0, at: place, ComposeNode(.scalar($0.1), at: place)) }),
            at: place
        )
    }
}
