// SPDX-License-Identifier: Apache-2.0
// The data folder and the lock that keeps a second gateway out of it. Platform owns one.

import Glibc
import Synchronization

/// An open data folder, held by this gateway alone until ``release()`` or the process's end.
final class DataFolder: Sendable {
    let path: String
    private let lock: Mutex<Int32?>

    /// The process number in the lock file is at most this long.
    private static let lockTextBytesMax = 32

    /// Makes the folder when absent and takes its lock.
    ///
    /// Blocks for a moment.
    ///
    /// - Parameter path: DATA.
    /// - Throws: ``PlatformError/notWritable(directory:reason:)`` or ``PlatformError/locked(directory:processID:)``.
    init(_ path: String) throws(PlatformError) {
        self.path = path
        let run = path + "/run"
        for folder in Self.parents(of: run) {
            // A folder that exists is fine; whether it can be written shows with the lock file.
            guard mkdir(folder, 0o700) == 0 || errno == EEXIST || Self.isFolder(folder) else {
                throw Self.notWritable(path)
            }
        }
        let descriptor = open(run + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.notWritable(path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            defer { close(descriptor) }
            guard errno == EWOULDBLOCK else { throw Self.notWritable(path) }
            throw .locked(directory: path, processID: Self.processID(descriptor))
        }
        let text = "\(getpid())\n"
        let isWritten = ftruncate(descriptor, 0) == 0 && pwrite(descriptor, text, text.utf8.count, 0) > 0
        guard isWritten else {
            let error = Self.notWritable(path)
            close(descriptor)
            throw error
        }
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

    private static func notWritable(_ path: String) -> PlatformError {
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
        var bytes = [UInt8](repeating: 0, count: lockTextBytesMax)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return Int(String(decoding: bytes[..<count].prefix { $0 >= 48 && $0 <= 57 }, as: UTF8.self))
    }
}
