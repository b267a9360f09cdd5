// SPDX-License-Identifier: Apache-2.0
// ADD of an archive: a tar, compressed or not, recognized by its content instead of its name. The steps of a build
// use it; every call blocks on the disk.

import ImageStore
import Glibc

/// Reads an archive into a temporary file, so that its files can be placed in a different order.
struct ArchiveExtractor {
    /// The folder of temporary files.
    let directory: String
    let isCancelled: @Sendable () -> Bool

    /// Magic bytes of gzip, bzip2, xz, zstd.
    private static let compressions: [[UInt8]] = [
        [0x1F, 0x8B], [0x42, 0x5A, 0x68], [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], [0x28, 0xB5, 0x2F, 0xFD],
    ]
    /// The offset of "ustar" in a tar header; archives of the older V7 form are not recognized, and are copied.
    private static let magicOffset = 257

    /// The archive's files as a source of the destination's content; nil when the file is no archive.
    func source(of item: SourceItem, named name: String) throws(StepFailure) -> CopySource? {
        switch item.content {
        case .file(let tree, let path):
            let file = try tree.open(path)
            return try source(of: file.descriptor, named: name)
        case .spool(let spool, _):
            return try spool.withDescriptor { descriptor throws(StepFailure) in
                try source(of: descriptor, named: name)
            }
        case .none, .bytes: return nil
        }
    }

    private func source(of descriptor: Int32, named name: String) throws(StepFailure) -> CopySource? {
        var head = [UInt8](repeating: 0, count: Self.magicOffset + 5)
        let count = pread(descriptor, &head, head.count, 0)
        guard count >= 0 else { throw StepFailure.failedCall("read", name, errno) }
        head.removeLast(head.count - count)
        let isPlainTar = head.dropFirst(Self.magicOffset).elementsEqual("ustar".utf8)
        guard isPlainTar || Self.compressions.contains(where: { head.starts(with: $0) }) else { return nil }
        let spool = try SpoolFile(directory: directory)
        var reading = Reading(spool: spool)
        do throws(ImageError) {
            try read(descriptor, name, into: &reading)
        } catch {
            if error == .cancelled { throw .cancelled }
            // Compressed data without a tar inside is an ordinary file; only its first block tells.
            if !isPlainTar, reading.items.isEmpty { return nil }
            throw .archive(path: name, reason: error.description)
        }
        let items = reading.order.compactMap { reading.items[$0] }
        var source = CopySource(name: name, items: items, isContents: true, keepsOwners: true)
        source.isArchive = true
        return source
    }

    private func read(_ descriptor: Int32, _ name: String, into reading: inout Reading) throws(ImageError) {
        var reader = try TarReader(descriptor: descriptor, name: name)
        while let entry = try reader.next() {
            if isCancelled() { throw .cancelled }
            try reading.add(entry, reader)
        }
    }

    /// The entries read so far; a later entry of the same name replaces an earlier one, as tar does.
    private struct Reading {
        let spool: SpoolFile
        var items: [String: SourceItem] = [:]
        var order: [String] = []
        private var spooled = 0

        init(spool: SpoolFile) { self.spool = spool }

        mutating func add(_ entry: TarEntry, _ reader: borrowing TarReader) throws(ImageError) {
            let path = try Self.path(entry.name, of: entry)
            if path.isEmpty { return }
            guard let item = try item(entry, at: path, reader) else { return }
            guard let earlier = items.updateValue(item, forKey: path) else { return order.append(path) }
            // A folder that is replaced by another kind of file loses its content.
            guard earlier.node.isDirectory, !item.node.isDirectory else { return }
            for below in items.keys where below.hasPrefix(path + "/") { items[below] = nil }
        }

        private mutating func item(
            _ entry: TarEntry,
            at path: String,
            _ reader: borrowing TarReader
        ) throws(ImageError) -> SourceItem? {
            var node = TreeNode(kind: .file, mode: entry.mode & 0o7777)
            node.uid = UInt32(clamping: entry.uid)
            node.gid = UInt32(clamping: entry.gid)
            node.modifiedSeconds = max(0, entry.modified.seconds)
            var content = LayerContent.none
            switch entry.kind {
            case .directory: node.kind = .directory
            case .symbolicLink: node.kind = .symbolicLink(target: try Self.text(entry.linkTarget, of: entry))
            case .fifo: node.kind = .fifo
            case .hardLink:
                // The same content under another name; the first name's entry has its attributes.
                let target = try Self.path(entry.linkTarget, of: entry)
                guard var first = items[target], first.node.kind == .file else {
                    let reason = "it links to '\(target)', which is not an earlier file of the archive"
                    throw .hostileEntry(name: entry.displayName, reason: reason)
                }
                first.path = path
                return first
            case .file:
                content = .spool(spool, offset: spooled)
                node.sizeBytes = try copy(entry, reader)
                spooled += node.sizeBytes
            case .device, .other:
                throw .hostileEntry(name: entry.displayName, reason: "devices and sockets are not extracted")
            }
            return SourceItem(path: path, node: node, attributes: entry.attributes, content: content)
        }

        /// Copies content to the temporary file, holes as zeroes; returns the number of bytes.
        private func copy(_ entry: TarEntry, _ reader: borrowing TarReader) throws(ImageError) -> Int {
            var size = 0
            try reader.content { bytes, offset throws(ImageError) in
                try Self.asImageError(entry) { () throws(StepFailure) in
                    try spool.append(zeroes: offset - size)
                    try spool.append(bytes)
                }
                size = offset + bytes.count
            }
            // A hole at the end has no piece of its own.
            let rest = entry.size - size
            try Self.asImageError(entry) { () throws(StepFailure) in try spool.append(zeroes: rest) }
            return max(size, entry.size)
        }

        private static func asImageError(
            _ entry: TarEntry,
            _ body: () throws(StepFailure) -> Void
        ) throws(ImageError) {
            do throws(StepFailure) {
                try body()
            } catch {
                if case .image(let error) = error { throw error }
                throw .malformedArchive(file: entry.displayName, reason: error.description)
            }
        }

        /// A name below the destination.
        ///
        /// A name that leads out of it is refused, not corrected.
        private static func path(_ name: [UInt8], of entry: TarEntry) throws(ImageError) -> String {
            let text = try text(name, of: entry)
            let parts = text.utf8.split(separator: UInt8(ascii: "/"))
            guard !parts.contains(where: { $0.elementsEqual("..".utf8) }) else {
                throw .hostileEntry(name: entry.displayName, reason: "its name has '..' in it")
            }
            return TreePath.clean(text)
        }

        private static func text(_ bytes: [UInt8], of entry: TarEntry) throws(ImageError) -> String {
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw .hostileEntry(name: entry.displayName, reason: "its name is not UTF-8")
            }
            return text
        }
    }
}
