// SPDX-License-Identifier: Apache-2.0
// Makes the entries of layers inside one folder only. LayerUnpacker uses it.

import CSandbox
import Glibc

/// Writes below an open folder.
///
/// Every name is resolved by the kernel as if that folder were `/`; the last part
/// of a name is never followed, and an existing file is removed before a new one is made in its place.
final class TreeWriter {
    let root: Int32
    let options: UnpackOptions
    let folderAttributes: DeferredFolderAttributes
    var touched = TouchedNames()
    /// The folder of the last entry, kept because archives list a folder's content together.
    private var cached: Folder?

    private(set) var entries = 0
    private(set) var bytes = 0
    private(set) var skippedSpecialFiles = 0
    var skippedAttributes = 0

    typealias Piece = (UnsafeRawBufferPointer, _ offset: Int) throws(ImageError) -> Void
    typealias Content = (Piece) throws(ImageError) -> Void

    init(root: Int32, options: UnpackOptions, folderAttributes: DeferredFolderAttributes) {
        self.root = root
        self.options = options
        self.folderAttributes = folderAttributes
    }

    /// Begins the next layer.
    func beginLayer(hasLower: Bool) { touched = TouchedNames(isTracking: hasLower) }

    /// Makes one entry.
    ///
    /// - Parameters:
    ///   - entry: its header.
    ///   - path: its checked name.
    ///   - content: called for the pieces of a file.
    /// - Throws: ``ImageError``.
    func add(_ entry: TarEntry, at path: EntryPath, content: Content) throws(ImageError) {
        entries += 1
        if path.isRoot { return try addRoot(entry) }
        let folder = try makeFolder(path.parent)
        let leaf = EntryPath.terminated(path.leaf)
        switch entry.kind {
        case .file: try addFile(entry, path, in: folder, leaf, content)
        case .directory: try addFolder(entry, path, in: folder, leaf)
        case .symbolicLink: try addLink(entry, path, in: folder, leaf)
        case .hardLink: try addHardLink(entry, path, in: folder, leaf)
        case .fifo:
            try create("mkfifo", path, in: folder, leaf) { mkfifoat(folder.descriptor, leaf, 0o600) }
            try setLeafAttributes(entry, path, in: folder, leaf)
        case .device, .other:
            skippedSpecialFiles += 1
            try removeExisting(path, in: folder, leaf)
        }
        if entry.kind != .directory { touched.add(path.leaf, in: folder) }
    }

    private func addRoot(_ entry: TarEntry) throws(ImageError) {
        guard entry.kind == .directory else {
            throw .hostileEntry(name: entry.displayName, reason: "the image's root is not a folder")
        }
        folderAttributes.set(Self.attributes(entry), inode: try inode(of: root, "/"))
    }

    private func addFile(
        _ entry: TarEntry,
        _ path: EntryPath,
        in folder: Folder,
        _ leaf: [CChar],
        _ content: Content
    ) throws(ImageError) {
        // First: the sum of declared sizes must not overflow.
        try UnpackLimits.check(entry.size, options.limits.bytesPerLayer, "size of \(path.description)")
        bytes += entry.size
        try UnpackLimits.check(bytes, options.limits.bytesPerImage, "bytes of all files")
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let file = OpenFile(
            owning: try create("open", path, in: folder, leaf) {
                openat(folder.descriptor, leaf, flags, 0o600)
            }
        )
        let name = path.description
        var end = 0
        try content { piece, offset throws(ImageError) in
            try file.write(piece, at: offset, to: name)
            end = max(end, offset + piece.count)
        }
        let descriptor = file.descriptor
        if end < entry.size {
            try SystemCall.check("ftruncate", name) { ftruncate(descriptor, entry.size) }
        }
        if let owner = try FileOwner(uid: entry.uid, gid: entry.gid).shifted(options, entry: name) {
            try SystemCall.check("fchown", name) { fchown(descriptor, owner.uid, owner.gid) }
        }
        // After the owner: changing it clears setuid and capabilities.
        try SystemCall.check("fchmod", name) { fchmod(descriptor, entry.mode) }
        if !entry.attributes.isEmpty {
            skippedAttributes += try FileAttributes.set(entry.attributes, on: descriptor, of: name)
        }
        try FileAttributes.setTime(entry.modified, on: descriptor, of: name)
    }

    private func addFolder(
        _ entry: TarEntry,
        _ path: EntryPath,
        in folder: Folder,
        _ leaf: [CChar]
    ) throws(ImageError) {
        var status = stat()
        let isThere = fstatat(folder.descriptor, leaf, &status, AT_SYMLINK_NOFOLLOW) == 0
        if !isThere || status.st_mode & S_IFMT != S_IFDIR {
            try create("mkdir", path, in: folder, leaf) { mkdirat(folder.descriptor, leaf, 0o700) }
            try SystemCall.check("fstatat", path.description) {
                fstatat(folder.descriptor, leaf, &status, AT_SYMLINK_NOFOLLOW)
            }
        }
        folderAttributes.set(Self.attributes(entry), inode: UInt64(status.st_ino))
        touched.add(folder: UInt64(status.st_ino))
    }

    private func addLink(
        _ entry: TarEntry,
        _ path: EntryPath,
        in folder: Folder,
        _ leaf: [CChar]
    ) throws(ImageError) {
        guard !entry.linkTarget.isEmpty else {
            throw .hostileEntry(name: entry.displayName, reason: "it is a link without a target")
        }
        let target = EntryPath.terminated(entry.linkTarget)
        try create("symlink", path, in: folder, leaf) { symlinkat(target, folder.descriptor, leaf) }
        try setLeafAttributes(entry, path, in: folder, leaf)
    }

    private func addHardLink(
        _ entry: TarEntry,
        _ path: EntryPath,
        in folder: Folder,
        _ leaf: [CChar]
    ) throws(ImageError) {
        let target = try EntryPath(entry.linkTarget, limits: options.limits)
        let missing = ImageError.hostileEntry(
            name: entry.displayName,
            reason: "it is a hard link to '\(target.description)', which is not an earlier file of the image"
        )
        guard !target.isRoot, let source = try findFolder(target.parent) else { throw missing }
        if source.inode == folder.inode, target.leaf == path.leaf { return }
        let sourceLeaf = EntryPath.terminated(target.leaf)
        do {
            try create("link", path, in: folder, leaf) {
                linkat(source.descriptor, sourceLeaf, folder.descriptor, leaf, 0)
            }
        } catch .system(_, _, ENOENT), .system(_, _, EPERM) {
            throw missing
        }
    }

    /// Sets owner and time of links and FIFOs, which cannot be opened.
    private func setLeafAttributes(
        _ entry: TarEntry,
        _ path: EntryPath,
        in folder: Folder,
        _ leaf: [CChar]
    ) throws(ImageError) {
        let name = path.description
        if let owner = try FileOwner(uid: entry.uid, gid: entry.gid).shifted(options, entry: name) {
            try SystemCall.check("fchownat", name) {
                fchownat(folder.descriptor, leaf, owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW)
            }
        }
        if entry.kind == .fifo {
            // The name was just created in a private tree: it is no link.
            try SystemCall.check("fchmodat", name) { fchmodat(folder.descriptor, leaf, entry.mode, 0) }
        }
        try FileAttributes.setTime(entry.modified, at: folder.descriptor, leaf, of: name)
    }

    /// Makes a call that fails when the name exists; then removes the old file and repeats the call once.
    @discardableResult
    private func create(
        _ call: String,
        _ path: EntryPath,
        in folder: Folder,
        _ leaf: [CChar],
        _ body: () -> Int32
    ) throws(ImageError) -> Int32 {
        let result = body()
        if result >= 0 { return result }
        guard errno == EEXIST else { throw SystemCall.failure(call, path.description) }
        try removeExisting(path, in: folder, leaf)
        return try SystemCall.check(call, path.description, body)
    }

    private func removeExisting(_ path: EntryPath, in folder: Folder, _ leaf: [CChar]) throws(ImageError) {
        forgetFolder()
        try TreeRemoval.remove(path.leaf, in: folder.descriptor)
    }

    private static func attributes(_ entry: TarEntry) -> FolderAttributes {
        FolderAttributes(
            mode: entry.mode,
            uid: entry.uid,
            gid: entry.gid,
            modified: entry.modified,
            attributes: entry.attributes
        )
    }

    func forgetFolder() { cached = nil }
    func remember(_ folder: Folder) { cached = folder }
    func remembered(_ path: EntryPath) -> Folder? { cached?.path == path ? cached : nil }
}
