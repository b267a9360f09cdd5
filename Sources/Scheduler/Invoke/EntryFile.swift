// SPDX-License-Identifier: Apache-2.0
// A file of small entries that outlive a killed process. UnfinishedCalls writes and reads them.

import Glibc
import Sandbox

/// A file of entries of one size, written to the page cache and never synced.
///
/// Where the file system writes the blocks of a file in place, the file is mapped, so that an entry costs no system
/// call. Elsewhere a write to a mapped page may need a new block, and a full disk would end the process with SIGBUS:
/// there each write is one pwrite. The mapping is locked in memory, so that no page is read from a failing disk again;
/// where the limit of locked memory is too low, the file is not mapped.
final class EntryFile: Sendable {
    let entryBytes: Int
    let count: Int
    private let descriptor: Int32
    // SAFETY: an entry has one writer at a time, as `write(_:at:)` asks for, and nothing reads the mapping.
    private nonisolated(unsafe) let mapping: UnsafeMutableRawPointer?

    /// Whether entries are written without system calls.
    var isMapped: Bool { mapping != nil }

    /// Opens the file, or makes it; its entries become free.
    ///
    /// Blocks.
    ///
    /// - Parameters:
    ///   - path: in a folder that no other process writes to; a file that is cut while it is mapped ends the process.
    ///   - count: of entries.
    ///   - entryBytes: of each.
    ///   - mapsFile: false: pwrite on every file system.
    /// - Returns: the file, and its contents before, which may be shorter.
    /// - Throws: ``EngineError/store(reason:)`` when it cannot be opened, read or cleared.
    static func open(_ path: String, count: Int, entryBytes: Int, mapsFile: Bool = true)
        throws(EngineError) -> (EntryFile, contents: [UInt8])
    {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure("open", path) }
        var contents = [UInt8](repeating: 0, count: count * entryBytes)
        let read = pread(descriptor, &contents, contents.count, 0)
        // The whole file, so that no later write needs a block of a full disk.
        let zeros = [UInt8](repeating: 0, count: contents.count)
        guard read >= 0, pwrite(descriptor, zeros, zeros.count, 0) == zeros.count else {
            let error = failure(read < 0 ? "read" : "write", path)
            close(descriptor)
            throw error
        }
        let mapping = mapsFile ? map(descriptor, zeros.count) : nil
        let file = EntryFile(owning: descriptor, mapping, count: count, entryBytes: entryBytes)
        return (file, Array(contents.prefix(read)))
    }

    private init(
        owning descriptor: Int32,
        _ mapping: UnsafeMutableRawPointer?,
        count: Int,
        entryBytes: Int
    ) {
        self.descriptor = descriptor
        self.mapping = mapping
        self.count = count
        self.entryBytes = entryBytes
    }

    deinit {
        if let mapping { munmap(mapping, count * entryBytes) }
        close(descriptor)
    }

    /// Writes the beginning of an entry; one writer of an entry at a time.
    ///
    /// - Returns: whether all of it was written.
    func write(_ bytes: [UInt8], at index: Int) -> Bool {
        guard (0..<count).contains(index), bytes.count <= entryBytes else { return false }
        guard let mapping else {
            return pwrite(descriptor, bytes, bytes.count, off_t(index * entryBytes)) == bytes.count
        }
        bytes.withUnsafeBytes {
            guard let start = $0.baseAddress else { return }
            (mapping + index * entryBytes).copyMemory(from: start, byteCount: $0.count)
        }
        return true
    }

    /// Nil where writes are safe through the descriptor only.
    private static func map(_ descriptor: Int32, _ bytes: Int) -> UnsafeMutableRawPointer? {
        guard FileSystemFacts.writesInPlace(descriptor),
            let start = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
            start != MAP_FAILED
        else { return nil }
        // Resident: a page that had to be read again from a failing disk would end the process.
        guard mlock(start, bytes) == 0 else {
            munmap(start, bytes)
            return nil
        }
        return start
    }

    private static func failure(_ call: String, _ path: String) -> EngineError {
        .store(reason: "\(call) \(path): \(String(cString: strerror(errno)))")
    }
}
