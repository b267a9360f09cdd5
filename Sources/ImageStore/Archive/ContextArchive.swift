// SPDX-License-Identifier: Apache-2.0
// Packs a folder as a tar, which the command line sends to the gateway, and unpacks it there.

import CSandbox
import Glibc

/// Packs and unpacks build contexts and function folders.
package enum ContextArchive {
    /// Bounds of an uploaded folder: sources and their data, not disk images.
    package static var limits: UnpackLimits {
        var limits = UnpackLimits()
        limits.entriesPerLayer = 500_000
        limits.bytesPerLayer = 8 << 30
        limits.bytesPerImage = 8 << 30
        return limits
    }

    /// Writes a folder's content as tar, sorted by name.
    ///
    /// Blocks.
    ///
    /// Files, folders and links are packed with mode and time, without owners; devices and sockets are skipped.
    /// Links are not followed.
    ///
    /// - Parameters:
    ///   - directory: a folder of this host.
    ///   - compression: of the tar.
    ///   - includes: called with each path relative to the folder, for example `src/main.c`, and whether it is a
    ///     folder; false excludes it, a folder together with its content.
    ///   - sink: receives the bytes in order.
    /// - Throws: ``ImageError`` when a file cannot be read, or the error of `sink`.
    package static func pack(
        directory: String,
        compression: TarCompression = .gzip,
        including includes: (_ path: String, _ isFolder: Bool) -> Bool = { _, _ in true },
        sink: @escaping (UnsafeRawBufferPointer) throws(ImageError) -> Void
    ) throws(ImageError) {
        let root = try OpenFile(path: directory, flags: O_RDONLY | O_DIRECTORY)
        let writer = try TarWriter(name: directory, compression: compression, sink: sink)
        var pending = [""]
        while let folder = pending.popLast() {
            let names = try Directories.names(consuming: try open(folder, in: root.descriptor), path: folder)
            for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
                let text = String(decoding: name, as: UTF8.self)
                let path = folder.isEmpty ? text : folder + "/" + text
                var status = stat()
                try SystemCall.check("stat", path) {
                    fstatat(root.descriptor, path, &status, AT_SYMLINK_NOFOLLOW)
                }
                let isFolder = status.st_mode & S_IFMT == S_IFDIR
                guard includes(path, isFolder) else { continue }
                try add(path, status, root: root.descriptor, to: writer)
                if isFolder { pending.append(path) }
            }
        }
        try writer.finish()
    }

    /// Unpacks an uploaded tar into an empty folder.
    ///
    /// Blocks.
    ///
    /// All files belong to the running user. After an error the folder has a part of them: the caller removes it.
    ///
    /// - Parameters:
    ///   - archive: a tar of this host, compressed or not.
    ///   - directory: an empty folder without another writer.
    /// - Throws: ``ImageError`` for names that lead out of the folder, and when ``limits`` are exceeded.
    package static func unpack(archive: String, into directory: String) throws(ImageError) {
        let file = try OpenFile(path: archive)
        let root = try OpenFile(path: directory, flags: O_RDONLY | O_DIRECTORY)
        var options = UnpackOptions()
        options.keepsOwners = false
        options.appliesWhiteouts = false
        options.addsMountPoints = false
        options.limits = limits
        _ = try LayerUnpacker.unpack(layers: [file.descriptor], into: root.descriptor, options: options)
    }

    private static func open(_ path: String, in root: Int32) throws(ImageError) -> Int32 {
        let name = path.isEmpty ? "." : path
        let descriptor = csandbox_open_beneath(root, name, O_RDONLY | O_DIRECTORY, 0)
        guard descriptor >= 0 else { throw SystemCall.failure("open", name, errorNumber: -descriptor) }
        return descriptor
    }

    private static func add(
        _ path: String,
        _ status: stat,
        root: Int32,
        to writer: TarWriter
    ) throws(ImageError) {
        var entry = TarEntry(name: path, kind: .file, mode: UInt32(status.st_mode & 0o7777))
        // Whole seconds: finer times would need an extra header for each file.
        entry.modified = TarTime(seconds: status.st_mtim.tv_sec)
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            entry.kind = .directory
            try writer.add(entry)
        case S_IFLNK:
            entry.kind = .symbolicLink
            entry.linkTarget = try target(of: path, root: root)
            try writer.add(entry)
        case S_IFREG:
            entry.size = Int(status.st_size)
            try addFile(entry, path, root: root, to: writer)
        default: break
        }
    }

    private static func addFile(
        _ entry: TarEntry,
        _ path: String,
        root: Int32,
        to writer: TarWriter
    ) throws(ImageError) {
        let descriptor = csandbox_open_beneath(root, path, O_RDONLY | O_NONBLOCK, 0)
        guard descriptor >= 0 else { throw SystemCall.failure("open", path, errorNumber: -descriptor) }
        let file = OpenFile(owning: descriptor)
        try writer.begin(entry)
        var left = entry.size
        while left > 0 {
            let bytes = try file.read(upTo: min(left, 1 << 20), of: path)
            guard !bytes.isEmpty else {
                throw .malformedArchive(file: path, reason: "became shorter while it was read")
            }
            left -= bytes.count
            try writer.write(bytes)
        }
    }

    private static func target(of path: String, root: Int32) throws(ImageError) -> [UInt8] {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = try SystemCall.check("readlink", path) { readlinkat(root, path, &buffer, buffer.count) }
        return buffer.prefix(count).map(UInt8.init(bitPattern:))
    }
}
