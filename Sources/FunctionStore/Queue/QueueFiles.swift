// SPDX-License-Identifier: Apache-2.0
// Bodies and outputs that are too large for the database: one file each, complete and on the disk before a row names
// it.

import Dispatch
import Glibc

/// Takes the bytes of a large body or output as they come.
///
/// Used by one task at a time. A writer that is dropped before ``finish()`` leaves nothing.
package protocol QueueContentWriter: AnyObject, Sendable {
    /// Appends bytes; blocks for a copy into the page cache.
    ///
    /// - Throws: ``StoreError``.
    func write(_ bytes: UnsafeRawBufferPointer) throws(StoreError)

    /// Puts everything on the disk.
    ///
    /// - Returns: the content, to be handed to the repository; ``discard()`` otherwise.
    /// - Throws: ``StoreError``.
    func finish() async throws(StoreError) -> QueueContent

    /// Removes what was written.
    func discard()
}

/// The folder of the queue's files.
struct QueueFiles: Sendable {
    let folder: String

    /// - Parameter database: the path of the database file.
    init(beside database: String) {
        folder = (database.lastIndex(of: "/").map { String(database[..<$0]) } ?? ".") + "/queue"
    }

    /// Makes a new file.
    func open() throws(StoreError) -> QueueFileWriter {
        mkdir(folder, 0o700)
        let name = "content-" + String(UInt64.random(in: .min ... .max), radix: 16)
        let path = folder + "/" + name
        let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Self.failure(path) }
        return QueueFileWriter(descriptor, name: name, path: path, folder: folder)
    }

    /// What a row says of a content's file.
    func file(_ name: String, sizeBytes: Int) -> QueueFile {
        QueueFile(name: name, path: folder + "/" + name, sizeBytes: sizeBytes)
    }

    /// Removes files whose rows are gone; a file that stays is found by the next ``removeAll(except:)``.
    func remove(_ names: [String]) { for name in names { unlink(folder + "/" + name) } }

    /// Removes every file that no row names.
    func removeAll(except kept: Set<String>) {
        guard let directory = opendir(folder) else { return }
        defer { closedir(directory) }
        var found: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasPrefix("content-"), !kept.contains(name) { found.append(name) }
        }
        remove(found)
    }

    /// What errno says of a file.
    static func failure(_ path: String) -> StoreError {
        let number = errno
        if number == ENOSPC || number == EDQUOT { return .diskFull(path: path) }
        return .failed(reason: "\(path): \(String(cString: strerror(number)))")
    }
}

/// One file that is being written.
// SAFETY: one task at a time uses it, as its protocol says; the descriptor is closed once, by `close`.
final class QueueFileWriter: QueueContentWriter, @unchecked Sendable {
    private var descriptor: Int32
    private let name: String
    private let path: String
    private let folder: String
    private var sizeBytes = 0
    private var isKept = false

    init(_ descriptor: Int32, name: String, path: String, folder: String) {
        self.descriptor = descriptor
        self.name = name
        self.path = path
        self.folder = folder
    }

    deinit { discard() }

    func write(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Glibc.write(
                descriptor,
                UnsafeRawBufferPointer(rebasing: rest).baseAddress,
                rest.count
            )
            if count < 0 {
                if errno == EINTR { continue }
                throw QueueFiles.failure(path)
            }
            sizeBytes += count
            rest = rest.dropFirst(count)
        }
    }

    func finish() async throws(StoreError) -> QueueContent {
        let failure: StoreError? = await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: self.sync()) }
        }
        if let failure { throw failure }
        isKept = true
        return .file(QueueFile(name: name, path: path, sizeBytes: sizeBytes))
    }

    /// The file, and its name in the folder.
    private func sync() -> StoreError? {
        guard fdatasync(descriptor) == 0 else { return QueueFiles.failure(path) }
        close()
        let directory = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return QueueFiles.failure(folder) }
        defer { Glibc.close(directory) }
        return fsync(directory) == 0 ? nil : QueueFiles.failure(folder)
    }

    func discard() {
        close()
        if !isKept { unlink(path) }
    }

    private func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }
}
