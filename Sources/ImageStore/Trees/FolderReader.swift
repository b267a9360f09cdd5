// SPDX-License-Identifier: Apache-2.0
// Reads a folder of the host as a closed tree. Every call blocks on the disk; paths cannot lead out, because the
// kernel resolves strictly beneath and without links.

import CSandbox
import Glibc

/// A folder that this process reads itself.
package final class FolderReader: TreeReader {
    private let root: OpenFile
    /// The offset of owners on the disk to those of the image.
    private let idShift: UInt32

    /// Bytes of the list of a file's extended attributes: the kernel's limit.
    private static let attributeListLimit = 65_536

    /// Reads in an open folder, whose descriptor the caller keeps.
    init(copying folder: Int32, idShift: UInt32? = nil) throws(ImageError) {
        self.idShift = idShift ?? 0
        let descriptor = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure("open", ".", errno) }
        root = OpenFile(owning: descriptor)
    }

    package init(path: String, idShift: UInt32? = nil) throws(ImageError) {
        self.idShift = idShift ?? 0
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure("open", path, errno) }
        root = OpenFile(owning: descriptor)
    }

    /// The file at a path that is free of links; nil when there is none.
    package func node(_ path: String) throws(ImageError) -> TreeNode? {
        var status = stat()
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        var length = 0
        let size = target.count
        // The mode of the entry itself is not changed: the caller reads it.
        let result = reaching(TreePath.parent(path)) {
            csandbox_node_beneath(root.descriptor, name(path), &status, &target, size, &length)
        }
        if result == -ENOENT || result == -ENOTDIR { return nil }
        guard result == 0 else { throw Self.failure("stat", path, -result) }
        let link = try Self.text(target.prefix(length).map(UInt8.init(bitPattern:)), path)
        return TreeNode(
            kind: Self.kind(status, link: link),
            mode: status.st_mode & 0o7777,
            uid: status.st_uid >= idShift ? status.st_uid - idShift : status.st_uid,
            gid: status.st_gid >= idShift ? status.st_gid - idShift : status.st_gid,
            sizeBytes: Int(status.st_size),
            modifiedSeconds: status.st_mtim.tv_sec,
            identity: status.st_nlink > 1 && status.st_mode & S_IFMT == S_IFREG
                ? FileIdentity(device: UInt(status.st_dev), inode: UInt(status.st_ino)) : nil
        )
    }

    private static func kind(_ status: stat, link: String) -> TreeNode.Kind {
        switch status.st_mode & S_IFMT {
        case S_IFDIR: .directory
        case S_IFREG: .file
        case S_IFLNK: .symbolicLink(target: link)
        case S_IFIFO: .fifo
        case S_IFCHR where status.st_rdev == 0: .whiteout
        case S_IFCHR, S_IFBLK: .device
        default: .socket
        }
    }

    /// Makes a call that returns a descriptor, zero or a negated error number; repeats it with changed modes where the
    /// owner has no access.
    private func reaching(_ path: String, _ call: () -> Int32) -> Int32 {
        let result = OwnerAccess.unchanged(call)
        return result == -EACCES ? OwnerAccess.opened(path, below: root.descriptor, call) : result
    }

    /// Reads an extended attribute of an open file; the kernel checks the file's mode again for that.
    ///
    /// - Returns: its bytes, or a negated error number.
    private func attribute(
        _ name: String,
        of file: Int32,
        _ path: String,
        into room: UnsafeMutableRawBufferPointer
    ) -> Int {
        let size = csandbox_get_attribute(file, name, room.baseAddress, room.count)
        guard size == -Int(EACCES) else { return size }
        return OwnerAccess.opened(path, below: root.descriptor) {
            csandbox_get_attribute(file, name, room.baseAddress, room.count)
        }
    }

    /// The path for system calls: `.` for the root.
    private func name(_ path: String) -> String { path.isEmpty ? "." : path }

    /// Names in a folder, sorted by their bytes.
    package func names(_ path: String) throws(ImageError) -> [String] {
        let descriptor = reaching(path) {
            csandbox_open_beneath(root.descriptor, name(path), O_RDONLY | O_DIRECTORY, 0)
        }
        guard descriptor >= 0 else { throw Self.failure("open", path, -descriptor) }
        var names: [String] = []
        for name in try Directories.names(consuming: descriptor, path: path) {
            names.append(try Self.text(name, path))
        }
        return names.sorted(by: TreePath.precedes)
    }

    /// Opens a regular file for reading.
    package func open(_ path: String) throws(ImageError) -> OpenFile {
        // O_NONBLOCK: a FIFO that has replaced the file must not block the build.
        let descriptor = reaching(path) {
            csandbox_open_beneath(root.descriptor, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0)
        }
        guard descriptor >= 0 else { throw Self.failure("open", path, -descriptor) }
        return OpenFile(owning: descriptor)
    }

    /// Extended attributes that belong into a layer: `user.*` (except overlay's own) and file capabilities.
    package func attributes(_ path: String) throws(ImageError) -> [ExtendedAttribute] {
        let file = try open(name(path))
        let descriptor = file.descriptor
        // Most files have none: one call without a buffer tells.
        if flistxattr(descriptor, nil, 0) == 0 { return [] }
        var list = [CChar](repeating: 0, count: Self.attributeListLimit)
        let count = flistxattr(descriptor, &list, list.count)
        if count < 0 {
            // File systems without attributes have none.
            if errno == ENOTSUP { return [] }
            throw Self.failure("listxattr", path, errno)
        }
        var attributes: [ExtendedAttribute] = []
        for bytes in list.prefix(count).split(separator: 0) {
            let name = String(decoding: bytes.map(UInt8.init(bitPattern:)), as: UTF8.self)
            let belongs = name.hasPrefix("user.") && !name.hasPrefix("user.overlay.")
            guard belongs || name == "security.capability" else { continue }
            var value = [UInt8](repeating: 0, count: Self.attributeListLimit)
            let size = value.withUnsafeMutableBytes { attribute(name, of: descriptor, path, into: $0) }
            guard size >= 0 else { throw Self.failure("getxattr", path, Int32(-size)) }
            attributes.append(ExtendedAttribute(name: name, value: Array(value.prefix(size))))
        }
        return attributes.sorted { TreePath.precedes($0.name, $1.name) }
    }

    /// Names in layers are UTF-8 (pax); other encodings could not be distinguished from it.
    private static func text(_ bytes: [UInt8], _ path: String) throws(ImageError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .hostileEntry(
                name: TreePath.join(path, String(decoding: bytes, as: UTF8.self)),
                reason: "its name is not UTF-8"
            )
        }
        return text
    }

    private static func failure(_ call: String, _ path: String, _ number: Int32) -> ImageError {
        SystemCall.failure(call, path.isEmpty ? "/" : path, errorNumber: number)
    }

    /// Whether an overlay's upper folder hides the folder below it.
    package func isOpaque(_ path: String) throws(ImageError) -> Bool {
        let file = try open(path)
        let descriptor = file.descriptor
        for name in ["trusted.overlay.opaque", "user.overlay.opaque"] {
            var value: UInt8 = 0
            let size = withUnsafeMutableBytes(of: &value) { attribute(name, of: descriptor, path, into: $0) }
            if size == 1, value == UInt8(ascii: "y") { return true }
            // ENODATA: not set. ENOTSUP, EPERM: this user or file system has no such attributes.
            guard size >= 0 || [ENODATA, ENOTSUP, EPERM, ERANGE].contains(Int32(-size)) else {
                throw Self.failure("getxattr", path, Int32(-size))
            }
        }
        return false
    }
}
