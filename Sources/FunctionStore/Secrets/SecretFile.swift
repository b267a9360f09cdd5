// SPDX-License-Identifier: Apache-2.0
// The system calls under SecretStore: whole files, never through a symbolic link, each failure with its errno.

import Foundation

enum SecretFile {
    /// Starts with a dot, which no secret's name does.
    static let temporaryPrefix = ".new"

    static func makeFolder(_ folder: String) throws(SecretError) {
        let parent = URL(fileURLWithPath: folder).deletingLastPathComponent().path
        if parent != folder, access(parent, F_OK) != 0 { try makeFolder(parent) }
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw failure("mkdir", folder) }
        // It may be there from elsewhere, and wider.
        guard chmod(folder, 0o700) == 0 else { throw failure("chmod", folder) }
    }

    /// Longest wait for the folder's lock: its holders write one small file; longer means a stopped process.
    private static let lockWaitMilliseconds = 10_000
    private static let lockPauseMilliseconds = 5

    /// Runs `body` while no other process and no other thread changes the folder.
    ///
    /// Blocks until then, for at most ``lockWaitMilliseconds``; throws `flock` with EWOULDBLOCK afterwards.
    static func locked(_ folder: String, _ body: () throws(SecretError) -> Void) throws(SecretError) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", folder) }
        // Closing it releases the lock.
        defer { close(descriptor) }
        var waited = 0
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR, waited < lockWaitMilliseconds else {
                throw failure("flock", folder)
            }
            usleep(UInt32(lockPauseMilliseconds * 1000))
            waited += lockPauseMilliseconds
        }
        try body()
    }

    static func exists(_ folder: String, _ name: String) throws(SecretError) -> Bool {
        let path = "\(folder)/\(name)"
        var status = stat()
        if lstat(path, &status) == 0 { return true }
        guard errno == ENOENT else { throw failure("lstat", path) }
        return false
    }

    static func list(_ folder: String) throws(SecretError) -> [String] {
        guard let directory = opendir(folder) else { throw failure("opendir", folder) }
        defer { closedir(directory) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(entry.pointee.d_reclen)) {
                    String(cString: $0)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        guard errno == 0 else { throw failure("readdir", folder) }
        return names
    }

    static func read(_ folder: String, _ name: String, bytesMax: Int) throws(SecretError) -> [UInt8] {
        let path = "\(folder)/\(name)"
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { throw .notFound(name) }
            throw failure("open", path)
        }
        defer { close(descriptor) }
        var value: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Foundation.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("read", path) }
            if count == 0 { return value }
            value += buffer[..<count]
            guard value.count <= bytesMax else {
                throw .tooLarge(name: name, bytes: value.count, bytesMax: bytesMax)
            }
        }
    }

    /// Writes beside, syncs, renames over, syncs the folder: a crash leaves the old value or the new one.
    static func replace(_ folder: String, _ name: String, _ value: [UInt8]) throws(SecretError) {
        let temporary = "\(folder)/\(temporaryPrefix)"
        // One fixed name is enough, since the folder is locked; a leftover is from a failure.
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("open", temporary) }
        do throws(SecretError) {
            defer { close(descriptor) }
            try write(descriptor, value, path: temporary)
            guard fsync(descriptor) == 0 else { throw failure("fsync", temporary) }
        } catch {
            unlink(temporary)
            throw error
        }
        let path = "\(folder)/\(name)"
        guard rename(temporary, path) == 0 else {
            let error = failure("rename", path)
            unlink(temporary)
            throw error
        }
        try sync(folder)
    }

    static func remove(_ folder: String, _ name: String) throws(SecretError) {
        let path = "\(folder)/\(name)"
        guard unlink(path) == 0 else { throw failure("unlink", path) }
        try sync(folder)
    }

    static func systemText(_ errorNumber: Int32) -> String { String(cString: strerror(errorNumber)) }

    private static func write(_ descriptor: Int32, _ value: [UInt8], path: String) throws(SecretError) {
        var offset = 0
        while offset < value.count {
            let count = value[offset...].withUnsafeBytes {
                Foundation.write(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("write", path) }
            offset += count
        }
    }

    private static func sync(_ folder: String) throws(SecretError) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("fsync", folder) }
    }

    private static func failure(_ call: String, _ path: String) -> SecretError {
        .system(call: call, path: path, errorNumber: errno)
    }
}
