// SPDX-License-Identifier: Apache-2.0
// The destinations of a COPY's or ADD's files, and the resulting layer (Dockerfile reference, "COPY"). Pure except
// for the lookup in the stage's tree.

import ImageStore

/// Places sources in a stage's tree and collects the entries of the layer.
struct CopyPlan {
    /// Owner of the copied files.
    struct Owner: Hashable, Sendable {
        var uid: UInt32 = 0
        var gid: UInt32 = 0
    }

    private let lookup: (String) throws(StepFailure) -> TreeNode?
    /// The dates of the entries.
    let dates: BuildDates
    /// Nil sets 0:0, or keeps an archive's owners.
    var owner: Owner?
    var mode: ModeChange?
    private var entries: [String: LayerEntry] = [:]
    /// Folders of the tree that an entry of another kind replaces, with their content.
    private var replaced: Set<String> = []

    init(dates: BuildDates, lookup: @escaping (String) throws(StepFailure) -> TreeNode?) {
        self.dates = dates
        self.lookup = lookup
    }

    /// The layer's entries, sorted so that equal files make equal layers.
    func sortedEntries() -> [LayerEntry] {
        entries.values.sorted { TreePath.precedes($0.path, $1.path) }
    }

    /// Places one source.
    ///
    /// - Parameters:
    ///   - source: the files.
    ///   - destination: absolute: the written path after the working directory.
    ///   - isFolder: whether the destination is a folder even if it is absent.
    /// - Throws: ``StepFailure/destinationOccupied(_:)`` where a file meets a folder.
    mutating func place(
        _ source: CopySource,
        at destination: String,
        isFolder: Bool
    ) throws(StepFailure) {
        var target = try resolve(destination, followsLast: true)
        let isOccupied = target.node.map { !$0.isDirectory } ?? false
        if source.isContents {
            if isOccupied { throw .destinationOccupied(destination) }
            // The step makes the destination folder, independent of the source's attributes.
            try makeFolder(target.path)
        } else if isFolder || target.node?.isDirectory == true {
            if isOccupied { throw .destinationOccupied(destination) }
            target = try resolve(destination + "/" + source.name, followsLast: false)
        }
        try makeFolders(above: target.path, owner ?? Owner())
        for item in source.items { try put(item, of: source, below: target.path) }
    }

    /// Makes a folder and its absent parents; they belong to the step's owner.
    mutating func makeFolder(_ path: String) throws(StepFailure) {
        try makeFolders(above: path, owner ?? Owner())
        try makeOneFolder(path, owner ?? Owner())
    }

    /// Follows links in the tree, including the files placed so far.
    func resolve(_ path: String, followsLast: Bool) throws(StepFailure) -> ResolvedPath {
        try TreeResolver.resolve(path, followsLast: followsLast, lookup: node)
    }

    private func node(_ path: String) throws(StepFailure) -> TreeNode? {
        if let entry = entries[path] { return entry.node }
        if !replaced.isEmpty, TreePath.ancestors(path).contains(where: replaced.contains) { return nil }
        return try lookup(path)
    }

    private mutating func makeFolders(above path: String, _ owner: Owner) throws(StepFailure) {
        for folder in TreePath.ancestors(path) { try makeOneFolder(folder, owner) }
    }

    private mutating func makeOneFolder(_ path: String, _ owner: Owner) throws(StepFailure) {
        if let node = try node(path) {
            guard node.isDirectory else { throw .destinationOccupied("/" + path) }
            return
        }
        add(LayerEntry(path: path, kind: .directory, mode: 0o755, uid: owner.uid, gid: owner.gid))
    }

    private mutating func put(
        _ item: SourceItem,
        of source: CopySource,
        below folder: String
    ) throws(StepFailure) {
        // The destination exists already, and no source changes it.
        if item.path.isEmpty, source.isContents { return }
        let path =
            try source.isArchive ? archivePath(item.path, below: folder) : TreePath.join(folder, item.path)
        let entry = try entry(item, of: source, at: path)
        if let existing = try node(path) {
            if existing.isDirectory != item.node.isDirectory {
                guard source.isArchive else {
                    throw existing.isDirectory
                        ? .destinationIsFolder("/" + path) : .destinationOccupied("/" + path)
                }
                replace(path)
            } else if existing.isDirectory, !source.isArchive, entry.attributes.isEmpty,
                existing.looks(like: entry)
            {
                return
            }
        }
        add(entry)
    }

    /// The destination of an archive's entry: links in the path are followed, absent folders are created for root.
    private mutating func archivePath(_ name: String, below folder: String) throws(StepFailure) -> String {
        let target = try resolve("/" + TreePath.join(folder, name), followsLast: false)
        try makeFolders(above: target.path, Owner())
        return target.path
    }

    /// Removes the file or folder at a path, with its content.
    private mutating func replace(_ path: String) {
        replaced.insert(path)
        for below in entries.keys where below.hasPrefix(path + "/") { entries[below] = nil }
    }

    private func entry(
        _ item: SourceItem,
        of source: CopySource,
        at path: String
    ) throws(StepFailure) -> LayerEntry {
        guard let kind = Self.kind(of: item) else {
            throw .unsupportedFile(path: item.path, reason: "a layer cannot contain a file of its type")
        }
        var entry = LayerEntry(path: path, kind: kind, mode: item.node.mode)
        entry.attributes = item.attributes
        entry.content = item.content
        if source.keepsOwners {
            entry.uid = item.node.uid
            entry.gid = item.node.gid
        }
        entry.modifiedSeconds = source.isMade ? nil : item.node.modifiedSeconds
        if let owner {
            entry.uid = owner.uid
            entry.gid = owner.gid
        }
        if case .symbolicLink = kind {
            entry.mode = 0o777
        } else if let mode {
            entry.mode = mode.applied(to: entry.mode, isDirectory: item.node.isDirectory)
        }
        return entry
    }

    private static func kind(of item: SourceItem) -> LayerEntry.Kind? {
        switch item.node.kind {
        case .directory: .directory
        case .file: .file(sizeBytes: item.node.sizeBytes)
        case .symbolicLink(let target): .symbolicLink(target: target)
        case .fifo: .fifo
        case .device, .whiteout, .socket: nil
        }
    }

    private mutating func add(_ entry: LayerEntry) {
        var entry = entry
        entry.modifiedSeconds = dates.date(entry.modifiedSeconds)
        entries[entry.path] = entry
    }
}

extension TreeNode {
    /// Whether the folder already has an entry's mode and owner.
    fileprivate func looks(like entry: LayerEntry) -> Bool {
        mode == entry.mode && uid == entry.uid && gid == entry.gid
    }
}
