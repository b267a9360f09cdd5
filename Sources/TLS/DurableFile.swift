// SPDX-License-Identifier: Apache-2.0
// Writes keys and certificates so that a crash leaves the old file or the whole new one. Server and ACME use it.

import Glibc

/// Files of mode 0600 in folders of mode 0700.
package enum DurableFile {
    /// Replaces a file in one step, and returns when it survives a loss of power.
    ///
    /// Blocks for the disk.
    ///
    /// - Parameters:
    ///   - bytes: all of it.
    ///   - path: absolute.
    ///   - levels: folders above the file that are made where they are missing.
    /// - Throws: ``TLSError/unwritable(path:reason:)``.
    package static func write(_ bytes: [UInt8], to path: String, creating levels: Int) throws(TLSError) {
        let folders = folders(above: path, levels)
        for folder in folders {
            if mkdir(folder, 0o700) == 0 {
                try sync(parent(of: folder))
            } else if errno != EEXIST {
                throw failure(folder, errno)
            }
        }
        let draft = path + ".new"
        unlink(draft)
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure(path, errno) }
        let isWritten = writeAll(bytes, to: descriptor) && fsync(descriptor) == 0
        var number = errno
        close(descriptor)
        if isWritten {
            if rename(draft, path) == 0 { return try sync(parent(of: path)) }
            number = errno
        }
        unlink(draft)
        throw failure(path, number)
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// The outermost first.
    private static func folders(above path: String, _ levels: Int) -> [String] {
        var found: [String] = []
        var folder = parent(of: path)
        for _ in 0..<levels {
            found.insert(folder, at: 0)
            folder = parent(of: folder)
        }
        return found
    }

    private static func parent(of path: String) -> String {
        let end = path.lastIndex(of: "/") ?? path.startIndex
        return end == path.startIndex ? "/" : String(path[..<end])
    }

    /// Makes the names in a folder durable.
    private static func sync(_ folder: String) throws(TLSError) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(folder, errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure(folder, errno) }
    }

    private static func failure(_ path: String, _ number: Int32) -> TLSError {
        let text = strerror(number).map { String(cString: $0) } ?? "error \(number)"
        return .unwritable(path: path, reason: text.prefix(1).lowercased() + text.dropFirst())
    }
}
