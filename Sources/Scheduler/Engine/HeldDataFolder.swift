// SPDX-License-Identifier: Apache-2.0
// The data folder and the lock that keeps a second gateway out of it. faasctl's serve takes it before anything else.

import Glibc
import Synchronization

/// An open data folder, held by this gateway alone until ``release()`` or the process's end.
package final class HeldDataFolder: Sendable {
    /// Its real path: absolute and without links.
    package let path: String
    private let lock: Mutex<Int32?>

    /// Makes the folder when absent and takes its lock; changes nothing that is in it.
    ///
    /// Blocks for a moment, and starts no thread. Works by descriptor: what a link or `..` led to at this moment is
    /// what counts from now on.
    ///
    /// - Parameter given: DATA as the operator calls it.
    /// - Throws: ``EngineError/notWritable(directory:reason:)`` or ``EngineError/locked(directory:processID:)``.
    package init(_ given: String) throws(EngineError) {
        for folder in Self.parents(of: given) {
            // A folder that exists is fine; whether it can be written shows with the lock file.
            guard mkdir(folder, 0o700) == 0 || errno == EEXIST || Self.isFolder(folder) else {
                throw Self.notWritable(given)
            }
        }
        let folder = open(given, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw Self.notWritable(given) }
        defer { close(folder) }
        guard let path = Self.realPath(of: folder) else { throw Self.notWritable(given) }
        let descriptor = Self.openLock(in: folder)
        guard descriptor >= 0 else { throw Self.notWritable(path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            defer { close(descriptor) }
            guard errno == EWOULDBLOCK else { throw Self.notWritable(path) }
            throw .locked(directory: path, processID: Self.processID(descriptor))
        }
        Self.writeProcessID(descriptor)
        self.path = path
        lock = Mutex(descriptor)
    }

    /// Lets another gateway in.
    ///
    /// Idempotent.
    func release() {
        let descriptor = lock.withLock { descriptor in
            defer { descriptor = nil }
            return descriptor
        }
        if let descriptor { close(descriptor) }
    }

    deinit { release() }

    /// Where an open folder really is; nil with `errno` set when it has no path any more.
    private static func realPath(of folder: Int32) -> String? {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        let size = readlink("/proc/self/fd/\(folder)", &bytes, bytes.count - 1)
        guard size > 0 else { return nil }
        let path = String(decoding: bytes[..<size].map(UInt8.init(bitPattern:)), as: UTF8.self)
        var (opened, named) = (stat(), stat())
        guard fstat(folder, &opened) == 0, lstat(path, &named) == 0 else { return nil }
        guard opened.st_dev == named.st_dev, opened.st_ino == named.st_ino else {
            errno = ENOENT
            return nil
        }
        return path
    }

    /// The lock file, made when absent; -1 with `errno` set.
    ///
    /// Links are not followed, nor is a file with a second name taken: root opens it in a folder of the service's
    /// user.
    private static func openLock(in folder: Int32) -> Int32 {
        guard mkdirat(folder, "run", 0o700) == 0 || errno == EEXIST else { return -1 }
        let run = openat(folder, "run", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard run >= 0 else { return -1 }
        defer { close(run) }
        let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        let descriptor = openat(run, "lock", flags, 0o600)
        guard descriptor >= 0 else { return -1 }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink == 1 else {
            close(descriptor)
            errno = EINVAL
            return -1
        }
        return descriptor
    }

    /// Digits, a line's end and spaces, always of one length: nothing is cut off, which on a full disk could not be
    /// written again.
    private static func writeProcessID(_ descriptor: Int32) {
        let digits = "\(getpid())\n"
        let text = digits + String(repeating: " ", count: max(0, lockTextBytes - digits.utf8.count))
        // A full disk accepts no content: the lock works nevertheless, only the process number is missing.
        _ = pwrite(descriptor, text, text.utf8.count, 0)
    }

    /// Longer than any process number.
    private static let lockTextBytes = 16

    private static func notWritable(_ path: String) -> EngineError {
        .notWritable(directory: path, reason: String(cString: strerror(errno)))
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// `/a/b` gives `/a`, `/a/b`.
    private static func parents(of path: String) -> [String] {
        var folders: [String] = []
        var current = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            current += "/" + part
            folders.append(current)
        }
        return folders
    }

    private static func processID(_ descriptor: Int32) -> Int? {
        var bytes = [UInt8](repeating: 0, count: lockTextBytes)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return Int(String(decoding: bytes[..<count].prefix { $0 >= 48 && $0 <= 57 }, as: UTF8.self))
    }
}
