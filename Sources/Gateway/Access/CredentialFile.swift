// SPDX-License-Identifier: Apache-2.0
// One small secret file, created atomically. AdminCredentials drives it at start.

import Glibc

/// Reads and makes files of one line.
enum CredentialFile {
    /// A longer line is not a password that a person typed.
    private static let bytesMax = 1024

    /// The file's first line; when there is no file, a new one with the result of `make`.
    ///
    /// Blocks.
    ///
    /// - Throws: ``GatewayError/credentials(path:reason:)``.
    static func readOrMake(_ path: String, _ make: () -> String) throws(GatewayError) -> String {
        if let line = try read(path) { return line }
        let line = make()
        try write(path, line)
        return line
    }

    private static func read(_ path: String) throws(GatewayError) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw failure(path)
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: bytesMax)
        let count = Glibc.read(descriptor, &bytes, bytesMax)
        guard count >= 0 else { throw failure(path) }
        let line = bytes.prefix(count).prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        guard !line.isEmpty, let text = String(validating: line, as: UTF8.self) else {
            throw .credentials(path: path, reason: "the file is empty; remove it to get a new one")
        }
        return text
    }

    /// Writes a temporary file and renames it, so that a crash leaves no partial password.
    private static func write(_ path: String, _ line: String) throws(GatewayError) {
        let temporary = path + ".new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure(path) }
        let bytes = Array((line + "\n").utf8)
        let written = Glibc.write(descriptor, bytes, bytes.count)
        let isSynced = fsync(descriptor) == 0
        close(descriptor)
        guard written == bytes.count, isSynced, rename(temporary, path) == 0 else {
            let error = failure(path)
            unlink(temporary)
            throw error
        }
    }

    private static func failure(_ path: String) -> GatewayError {
        .credentials(path: path, reason: String(cString: strerror(errno)))
    }
}
