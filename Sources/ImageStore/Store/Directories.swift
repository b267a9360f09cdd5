// SPDX-License-Identifier: Apache-2.0
// Makes and lists folders of the store, and removes trees. All calls block.

import CSandbox
import Glibc

/// Makes, lists and removes folders of the store.
///
/// Every call blocks on the disk.
package enum Directories {
    /// Makes a folder and its parents.
    package static func make(_ path: String, mode: UInt32 = 0o755) throws(ImageError) {
        if mkdir(path, mode) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw SystemCall.failure("mkdir", path)
        }
        try make(String(path[..<slash]))
        guard mkdir(path, mode) == 0 || errno == EEXIST else { throw SystemCall.failure("mkdir", path) }
    }

    /// Makes renames and new names in a folder durable.
    static func synchronize(_ path: String) throws(ImageError) {
        try OpenFile(path: path, flags: O_RDONLY | O_DIRECTORY).synchronize(path)
    }

    /// Names in a folder, sorted, without `.` and `..`.
    package static func names(in path: String) throws(ImageError) -> [String] {
        let descriptor = try SystemCall.check("open", path) { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        return try names(consuming: descriptor, path: path).map { String(decoding: $0, as: UTF8.self) }
            .sorted()
    }

    /// Names in an open folder as bytes; closes the descriptor.
    static func names(consuming descriptor: Int32, path: String) throws(ImageError) -> [[UInt8]] {
        try entries(consuming: descriptor, path: path).map { $0.name.dropLast().map(UInt8.init(bitPattern:)) }
    }

    /// Names of the folders in an open folder, NUL-terminated; closes the descriptor.
    static func folders(consuming descriptor: Int32, path: String) throws(ImageError) -> [[CChar]] {
        try entries(consuming: descriptor, path: path).filter(\.isFolder).map(\.name)
    }

    /// Names in an open folder, NUL-terminated, each with whether it is a folder; closes the descriptor.
    static func entries(
        consuming descriptor: Int32,
        path: String
    ) throws(ImageError) -> [(name: [CChar], isFolder: Bool)] {
        guard let stream = fdopendir(descriptor) else {
            let failure = SystemCall.failure("fdopendir", path)
            close(descriptor)
            throw failure
        }
        defer { closedir(stream) }
        var entries: [(name: [CChar], isFolder: Bool)] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else { break }
            let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
            let name = UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self)
            let bytes = Array(UnsafeBufferPointer(start: name, count: strlen(name) + 1))
            if bytes == [46, 0] || bytes == [46, 46, 0] { continue }
            entries.append((bytes, isFolder(entry.pointee.d_type, bytes, in: descriptor)))
        }
        guard errno == 0 else { throw SystemCall.failure("readdir", path) }
        return entries
    }

    /// Calls lstat on file systems whose listings have no file types.
    private static func isFolder(_ type: UInt8, _ name: [CChar], in directory: Int32) -> Bool {
        if type != UInt8(DT_UNKNOWN) { return type == UInt8(DT_DIR) }
        var status = stat()
        return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0
            && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Removes a whole tree by its host path.
    static func removeTree(path: String) throws(ImageError) {
        guard let slash = path.lastIndex(of: "/") else { return }
        let parent = String(path[..<slash])
        let file = try OpenFile(path: parent.isEmpty ? "/" : parent, flags: O_RDONLY | O_DIRECTORY)
        try TreeRemoval.remove(Array(path[path.index(after: slash)...].utf8), in: file.descriptor)
    }
}
