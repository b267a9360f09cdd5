// SPDX-License-Identifier: Apache-2.0
// Packs the files of a root file system as a tar, which `image import` sends to the gateway.

import CSandbox
import Glibc

/// Packs a folder with the root of a system, as debootstrap and similar tools make it.
package final class RootArchive {
    private let keepsOwners: Bool
    private let root: OpenFile
    private let device: UInt
    private let writer: TarWriter
    /// The first name of each file with several names.
    private var named: [UInt64: String] = [:]
    private var skipped = 0
    /// Bytes read at a time.
    private static let pieceBytes = 1 << 20

    /// Writes the content of a folder as tar.
    ///
    /// Blocks. Devices, sockets and the content of mounts (its /proc, for example) are left out. Hard
    /// links, extended attributes, modes and times are kept. Links are not followed.
    ///
    /// - Parameters:
    ///   - directory: a folder of this host.
    ///   - compression: of the tar.
    ///   - keepsOwners: false makes root the owner of all files, as for a folder of an ordinary user.
    ///   - sink: receives the bytes in order.
    /// - Returns: the number of devices and sockets that were left out.
    /// - Throws: ``ImageError`` when a file cannot be read, or the error of `sink`.
    package static func pack(
        directory: String,
        compression: TarCompression = .gzip,
        keepsOwners: Bool,
        sink: @escaping (UnsafeRawBufferPointer) throws(ImageError) -> Void
    ) throws(ImageError) -> Int {
        let root = try OpenFile(path: directory, flags: O_RDONLY | O_DIRECTORY)
        let device = UInt(try root.status(directory).st_dev)
        let writer = try TarWriter(name: directory, compression: compression, sink: sink)
        let archive = RootArchive(keepsOwners, root, device, writer)
        try archive.addAll()
        try writer.finish()
        return archive.skipped
    }

    private init(_ keepsOwners: Bool, _ root: consuming OpenFile, _ device: UInt, _ writer: TarWriter) {
        self.keepsOwners = keepsOwners
        self.root = root
        self.device = device
        self.writer = writer
    }

    private func addAll() throws(ImageError) {
        let status = try root.status("/")
        var top = header(".", status)
        top.kind = .directory
        top.attributes = try FileAttributes.all(of: root.descriptor)
        try writer.add(top)
        var pending = [""]
        while let folder = pending.popLast() {
            let listing = try open(folder, O_RDONLY | O_DIRECTORY).take()
            let names = try Directories.names(consuming: listing, path: folder)
            for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
                guard let text = String(validating: name, as: UTF8.self) else {
                    let shown = String(decoding: name, as: UTF8.self)
                    throw .hostileEntry(name: "\(folder)/\(shown)", reason: "its name is not UTF-8")
                }
                let path = folder.isEmpty ? text : folder + "/" + text
                if try add(path) { pending.append(path) }
            }
        }
    }

    /// Adds one name; true for a folder whose content follows.
    private func add(_ path: String) throws(ImageError) -> Bool {
        var status = stat()
        let descriptor = root.descriptor
        try SystemCall.check("stat", path) { fstatat(descriptor, path, &status, AT_SYMLINK_NOFOLLOW) }
        var entry = header(path, status)
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            entry.kind = .directory
            // The folder's own attributes, not those of a file system mounted on it.
            let isMounted = UInt(status.st_dev) != device
            if !isMounted { entry.attributes = try FileAttributes.all(of: open(path, O_RDONLY).descriptor) }
            try writer.add(entry)
            return !isMounted
        case S_IFREG:
            if status.st_nlink > 1, let first = named[UInt64(status.st_ino)] {
                entry.kind = .hardLink
                entry.linkTarget = Array(first.utf8)
                try writer.add(entry)
                return false
            }
            named[UInt64(status.st_ino)] = status.st_nlink > 1 ? path : nil
            entry.size = Int(status.st_size)
            try addFile(entry, path)
        case S_IFLNK:
            entry.kind = .symbolicLink
            entry.linkTarget = try target(of: path)
            try writer.add(entry)
        case S_IFIFO:
            entry.kind = .fifo
            try writer.add(entry)
        default: skipped += 1
        }
        return false
    }

    private func header(_ path: String, _ status: stat) -> TarEntry {
        var entry = TarEntry(name: path, kind: .file, mode: UInt32(status.st_mode & 0o7777))
        // Whole seconds: finer times would need an extra header for each file.
        entry.modified = TarTime(seconds: status.st_mtim.tv_sec)
        if keepsOwners { (entry.uid, entry.gid) = (Int(status.st_uid), Int(status.st_gid)) }
        return entry
    }

    private func addFile(_ header: TarEntry, _ path: String) throws(ImageError) {
        let file = try open(path, O_RDONLY | O_NONBLOCK)
        var entry = header
        entry.attributes = try FileAttributes.all(of: file.descriptor)
        try writer.begin(entry)
        var left = entry.size
        while left > 0 {
            let bytes = try file.read(upTo: min(left, Self.pieceBytes), of: path)
            guard !bytes.isEmpty else {
                throw .malformedArchive(file: path, reason: "became shorter while it was read")
            }
            left -= bytes.count
            try writer.write(bytes)
        }
    }

    private func open(_ path: String, _ flags: Int32) throws(ImageError) -> OpenFile {
        let name = path.isEmpty ? "." : path
        let descriptor = csandbox_open_beneath(root.descriptor, name, flags, 0)
        guard descriptor >= 0 else { throw SystemCall.failure("open", name, errorNumber: -descriptor) }
        return OpenFile(owning: descriptor)
    }

    private func target(of path: String) throws(ImageError) -> [UInt8] {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let descriptor = root.descriptor
        let count = try SystemCall.check("readlink", path) {
            readlinkat(descriptor, path, &buffer, buffer.count)
        }
        return buffer.prefix(count).map(UInt8.init(bitPattern:))
    }
}
