// SPDX-License-Identifier: Apache-2.0
// A folder read as a closed tree: the build context, the unpacked root of a stage, the changes of a RUN. Every call
// blocks.

import Glibc
import ImageStore

/// A read-only view of a folder.
final class FileTree: Sendable {
    /// The folder on the host, for messages and for bind mounts.
    let path: String
    private let reader: any TreeReader
    /// Protects the folder from use by another step.
    private let owner: StepRoot?

    /// A tree that this process reads through another one.
    init(path: String, reader: any TreeReader, keeping owner: StepRoot? = nil) {
        self.path = path
        self.reader = reader
        self.owner = owner
    }

    /// A folder of this process's own, such as a build context.
    convenience init(path: String) throws(StepFailure) {
        self.init(
            path: path,
            reader: try Self.reading { () throws(ImageError) in try FolderReader(path: path) }
        )
    }

    /// Converts errors of reading a tree.
    private static func reading<Value: ~Copyable>(_ body: () throws(ImageError) -> Value) throws(StepFailure)
        -> Value
    {
        do throws(ImageError) { return try body() } catch { throw StepFailure(reading: error) }
    }

    /// The file at a path that is free of links; nil when there is none.
    func node(_ path: String) throws(StepFailure) -> TreeNode? {
        try Self.reading { () throws(ImageError) in try reader.node(path) }
    }
    /// Names in a folder, sorted by their bytes.
    func names(_ path: String) throws(StepFailure) -> [String] {
        try Self.reading { () throws(ImageError) in try reader.names(path) }
    }
    /// Opens a regular file for reading.
    func open(_ path: String) throws(StepFailure) -> OpenFile {
        try Self.reading { () throws(ImageError) in try reader.open(path) }
    }
    /// Extended attributes that belong into a layer: `user.*` (except overlay's own) and file capabilities.
    func attributes(_ path: String) throws(StepFailure) -> [ExtendedAttribute] {
        try Self.reading { () throws(ImageError) in try reader.attributes(path) }
    }
    /// Whether an overlay's upper folder hides the folder below it.
    func isOpaque(_ path: String) throws(StepFailure) -> Bool {
        try Self.reading { () throws(ImageError) in try reader.isOpaque(path) }
    }

    /// Follows links within the tree.
    func resolve(_ path: String, followsLast: Bool = true) throws(StepFailure) -> ResolvedPath {
        try TreeResolver.resolve(path, followsLast: followsLast, lookup: node)
    }

    /// Reads a small file completely and follows links; nil when it is absent or no regular file.
    func read(_ path: String, limit: Int) throws(StepFailure) -> [UInt8]? {
        let resolved = try resolve(path)
        guard resolved.node?.kind == .file else { return nil }
        let file = try open(resolved.path)
        let bytes: [UInt8]
        do throws(ImageError) { bytes = try file.read(upTo: limit + 1, of: path) } catch {
            throw .image(error)
        }
        guard bytes.count <= limit else { throw .limit(what: "size of '\(path)' in bytes", limit: limit) }
        return bytes
    }
}

extension TreeAccess {
    /// A tree to read from.
    ///
    /// - Parameters:
    ///   - path: its folder.
    ///   - owner: keeps the folder in use while the tree is read.
    /// - Returns: the tree, read-only.
    /// - Throws: ``StepFailure`` when it cannot be opened.
    func tree(at path: String, keeping owner: StepRoot? = nil) throws(StepFailure) -> FileTree {
        do throws(ImageError) {
            return FileTree(path: path, reader: try reader(of: path), keeping: owner)
        } catch {
            throw StepFailure(reading: error)
        }
    }
}
