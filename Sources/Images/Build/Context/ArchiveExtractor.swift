// SPDX-License-Identifier: Apache-2.0
// ADD of a local archive: a tar, compressed or not, told by its content and not by its name. The steps of a
// build drive it; every call blocks on the disk.

/// Reads an archive into a temporary file, so that its files can be placed in another order.
struct ArchiveExtractor {
    /// Where temporary files go.
    let directory: String
    let isCancelled: @Sendable () -> Bool

    /// Magic bytes of gzip, bzip2, xz, zstd.
    private static let compressions: [[UInt8]] = [
        [0x1F, 0x8B], [0x42, 0x5A, 0x68], [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], [0x28, 0xB5, 0x2F, 0xFD],
    ]
    /// Where a tar header has "ustar"; the older V7 form is not told from other files by this, and is copied.
    private static let magicOffset = 257

    /// The archive's files as a source that goes into the destination; nil when the file is no archive.
    func source(of item: SourceItem, named name: String) throws(StepFailure) -> CopySource? {
        guard case .file(let tree, let path) = item.content else { return nil }
        let file = try tree.open(path)
        let head: [UInt8]
        do throws(ImageError) { head = try file.read(upTo: Self.magicOffset + 5, of: path) } catch {
            throw .image(error)
        }
        let isPlainTar = head.dropFirst(Self.magicOffset).elementsEqual("ustar".utf8)
        guard isPlainTar || Self.compressions.contains(where: { head.starts(with: $0) }) else { return nil }
        return try extract(tree, path, named: name, isTar: isPlainTar)
    }

    private func extract(
        _ tree: FileTree,
        _ path: String,
        named name: String,
        isTar: Bool
    ) throws(StepFailure) -> CopySource? {
        let file = try tree.open(path)
        let spool = try SpoolFile(directory: directory)
        var source = CopySource(name: name, items: [], isContents: true, keepsOwners: true)
        var found: [String: SourceItem] = [:]
        var order: [String] = []
        do throws(ImageError) {
            var reader: TarReader
            do throws(ImageError) {
                reader = try TarReader(descriptor: file.descriptor, name: path)
            } catch {
                // Compressed, but no tar inside: an ordinary file.
                if isTar { throw error }
                return nil
            }
            var spooled = 0
            while let entry = try reader.next() {
                if isCancelled() { throw .cancelled }
                guard let item = try item(entry, &reader, spool, &spooled, found) else { continue }
                if found.updateValue(item, forKey: item.path) == nil { order.append(item.path) }
            }
        } catch {
            if error == .cancelled { throw .cancelled }
            // A single compressed file that is no tar is only known once its first block is read.
            if !isTar, found.isEmpty { return nil }
            throw .archive(path: path, reason: error.description)
        }
        source.items = order.compactMap { found[$0] }
        return source
    }

    private func item(
        _ entry: TarEntry,
        _ reader: inout TarReader,
        _ spool: SpoolFile,
        _ spooled: inout Int,
        _ found: [String: SourceItem]
    ) throws(ImageError) -> SourceItem? {
        let path = try path(entry.name, of: entry)
        if path.isEmpty { return nil }
        var node = TreeNode(kind: .file, mode: entry.mode & 0o7777)
        node.uid = UInt32(clamping: entry.uid)
        node.gid = UInt32(clamping: entry.gid)
        node.modifiedSeconds = max(0, entry.modified.seconds)
        var content = LayerContent.none
        switch entry.kind {
        case .directory: node.kind = .directory
        case .symbolicLink: node.kind = .symbolicLink(target: try text(entry.linkTarget, of: entry))
        case .fifo: node.kind = .fifo
        case .hardLink:
            // The same content under another name; the first name's entry says all about it.
            let target = try self.path(entry.linkTarget, of: entry)
            guard let first = found[target], first.node.kind == .file else {
                throw .hostileEntry(
                    name: entry.displayName,
                    reason: "it links to '\(target)', which is not before it"
                )
            }
            return SourceItem(
                path: path,
                node: first.node,
                attributes: first.attributes,
                content: first.content
            )
        case .file:
            let start = spooled
            var size = 0
            try reader.content { bytes, offset throws(ImageError) in
                do throws(StepFailure) {
                    try spool.append(zeroes: offset - size)
                    try spool.append(bytes)
                } catch {
                    if case .image(let error) = error { throw error }
                    throw .malformedArchive(file: entry.displayName, reason: error.description)
                }
                size = offset + bytes.count
            }
            // A hole at the end is not told by any piece.
            do throws(StepFailure) { try spool.append(zeroes: entry.size - size) } catch {
                throw .malformedArchive(file: entry.displayName, reason: error.description)
            }
            spooled += max(size, entry.size)
            node.sizeBytes = max(size, entry.size)
            content = .spool(spool, offset: start)
        case .device, .other:
            throw .hostileEntry(name: entry.displayName, reason: "devices and sockets are not extracted")
        }
        return SourceItem(path: path, node: node, attributes: entry.attributes, content: content)
    }

    /// A name below the destination.
    ///
    /// One that would lead out of it is refused, not bent.
    private func path(_ name: [UInt8], of entry: TarEntry) throws(ImageError) -> String {
        let text = try text(name, of: entry)
        guard !text.utf8.split(separator: UInt8(ascii: "/")).contains(where: { $0.elementsEqual("..".utf8) })
        else {
            throw .hostileEntry(name: entry.displayName, reason: "its name has '..' in it")
        }
        return TreePath.clean(text)
    }

    private func text(_ bytes: [UInt8], of entry: TarEntry) throws(ImageError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .hostileEntry(name: entry.displayName, reason: "its name is not UTF-8")
        }
        return text
    }
}
