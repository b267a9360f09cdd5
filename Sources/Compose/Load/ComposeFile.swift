// SPDX-License-Identifier: Apache-2.0
// One file after variables and short forms; services that extend others are completed here.

import ManifestReader

/// One file with the long forms of its services.
struct ComposeFile {
    let file: String
    var tree: ComposeNode
    var services: [String: ComposeNode] = [:]

    /// Reads a file's tree.
    ///
    /// - Parameters:
    ///   - tree: as parsed.
    ///   - file: its name for messages.
    ///   - folder: that relative paths are relative to.
    ///   - home: the user's home, for `~`.
    ///   - template: replaces variables.
    /// - Throws: ``ManifestError`` with the place of the first mistake.
    init(
        _ tree: ComposeNode,
        file: String,
        folder: String,
        home: String?,
        template: inout VariableTemplate
    ) throws(ManifestError) {
        self.file = file
        self.tree = try tree.interpolated(by: &template)
        guard
            let services = ComposeMap(
                field: ComposeField(node: self.tree, path: ""),
                entries: self.tree.entries
            )["services"]
        else { return }
        let forms = LongForms(folder: folder, home: home)
        for (name, field) in try services.map().fields where field.node.joining != .reset {
            var service = try forms.service(field)
            service.joining = field.node.joining
            self.services[name] = service
        }
    }
}

/// Completes services that extend others.
struct ServiceExtension {
    /// Services that extend each other in a row.
    static let depthMax = 16
    /// Files that extended services may come from.
    static let filesMax = 64

    let sources: ComposeSources
    var template: VariableTemplate
    private var files: [String: ComposeFile] = [:]

    init(sources: ComposeSources, template: VariableTemplate) {
        self.sources = sources
        self.template = template
    }

    /// A file's tree with complete services.
    mutating func complete(_ file: ComposeFile) throws(ManifestError) -> ComposeNode {
        var tree = file.tree
        var entries = tree.entries
        for index in entries.indices where entries[index].key == "services" {
            var services = entries[index].value.entries
            for position in services.indices {
                let key = services[position].key
                guard file.services[key] != nil else { continue }
                services[position].value = try service(key, in: file, at: services[position].place, trail: [])
            }
            if entries[index].value.isMap { entries[index].value.content = .map(services) }
        }
        tree.content = .map(entries)
        return tree
    }

    private mutating func service(
        _ name: String,
        in file: ComposeFile,
        at place: SourcePlace,
        trail: [String]
    ) throws(ManifestError) -> ComposeNode {
        guard var own = file.services[name] else {
            let hint =
                suggestion(for: name, among: file.services.keys.sorted()).map { " (did you mean '\($0)'?)" }
                ?? ""
            throw place.mistake("the extended service '\(name)' is not in \(file.file)\(hint)")
        }
        let id = "\(file.file): \(name)"
        guard !trail.contains(id), trail.count < Self.depthMax else {
            throw place.mistake(
                "services extend each other in a circle: \((trail + [id]).joined(separator: " → "))"
            )
        }
        guard let node = own["extends"] else { return own }
        let field = ComposeField(node: node, path: "services.\(name).extends")
        let map = try field.map()
        try map.allow(["service", "file"])
        guard let base = map["service"] else { throw field.mistake("'\(field.path)' has no 'service'") }
        let other = try map["file"].map { file throws(ManifestError) in try self.file(file) } ?? file
        let extended = try service(
            try base.name("a service"),
            in: other,
            at: base.node.place,
            trail: trail + [id]
        )
        own.content = .map(own.entries.filter { $0.key != "extends" })
        let joining = own.joining
        own.joining = .merge
        var result = TreeMerge.merge(extended, with: own)
        result.joining = joining
        return result
    }

    private mutating func file(_ field: ComposeField) throws(ManifestError) -> ComposeFile {
        let path = try field.name("a file")
        if let known = files[path] { return known }
        guard files.count < Self.filesMax else {
            throw field.mistake("more than \(Self.filesMax) extended files")
        }
        guard let text = try sources.text(of: field, isRequired: true) else {
            throw field.mistake("'\(path)' does not exist")
        }
        let file = try ComposeFile(
            TreeBuilder.tree(of: text, file: path),
            file: path,
            folder: FilePath.folder(of: path),
            home: sources.home,
            template: &template
        )
        files[path] = file
        return file
    }
}
