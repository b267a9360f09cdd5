// SPDX-License-Identifier: Apache-2.0
// The calls that run now, in a file that tells the next gateway which of them this one did not finish. Engine opens it,
// Dispatcher notes each call in it.

import Foundation
import FunctionModel
import Synchronization

/// A file of entries, each free or one call under way.
///
/// Every write is one pwrite of 256 bytes to the page cache, which outlives a killed process; nothing is synced, so after
/// a power failure calls can be missing.
final class UnfinishedCalls: Sendable {
    /// Calls noted at once, a file of 1 MiB; more than a host has sandboxes for.
    ///
    /// Calls beyond it run without a note.
    static let entriesMax = 4096

    private let descriptor: Int32
    private let free: Mutex<[Int]>

    /// A call's note; it is removed with the object.
    final class Note: Sendable {
        private let calls: UnfinishedCalls
        private let index: Int

        fileprivate init(_ calls: UnfinishedCalls, _ index: Int) {
            self.calls = calls
            self.index = index
        }

        deinit { calls.end(index) }
    }

    /// Opens the file, or makes it.
    ///
    /// Blocks.
    ///
    /// - Parameter path: in the data folder, whose lock the caller holds.
    /// - Returns: the file, all free, and the calls that the gateway before left in it.
    /// - Throws: ``EngineError/store(reason:)`` when it cannot be opened, read or cleared.
    static func open(_ path: String) throws(EngineError) -> (UnfinishedCalls, left: [UnfinishedCall]) {
        let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW
        let descriptor = Glibc.open(path, flags, 0o600)
        guard descriptor >= 0 else { throw failure("open", path) }
        let calls = UnfinishedCalls(owning: descriptor)
        let left = try calls.read(path)
        try calls.clear(path)
        return (calls, left)
    }

    private init(owning descriptor: Int32) {
        self.descriptor = descriptor
        free = Mutex(Array((0..<Self.entriesMax).reversed()))
    }

    deinit { close(descriptor) }

    /// Notes a call.
    ///
    /// - Returns: what to hold until the call is on record; nil when it has no entry.
    func begin(_ call: UnfinishedCall) -> Note? {
        guard let entry = call.entry(), let index = free.withLock({ $0.popLast() }) else { return nil }
        let note = Note(self, index)
        // A disk that fails loses the note, not the call; the file has its blocks already.
        return write(entry, at: index) ? note : nil
    }

    private func end(_ index: Int) {
        // An entry that cannot be removed would be taken for a lost call: it is not used again.
        guard write([UInt8](repeating: 0, count: 8), at: index) else { return }
        free.withLock { $0.append(index) }
    }

    private func write(_ bytes: [UInt8], at index: Int) -> Bool {
        pwrite(descriptor, bytes, bytes.count, off_t(index * UnfinishedCall.entryBytes)) == bytes.count
    }

    private func read(_ path: String) throws(EngineError) -> [UnfinishedCall] {
        var bytes = [UInt8](repeating: 0, count: Self.entriesMax * UnfinishedCall.entryBytes)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count >= 0 else { throw Self.failure("read", path) }
        return stride(from: 0, to: count, by: UnfinishedCall.entryBytes).compactMap {
            UnfinishedCall(entry: bytes[$0..<min(count, $0 + UnfinishedCall.entryBytes)])
        }
    }

    /// Writes the whole file, so that no later write needs a block of a full disk.
    private func clear(_ path: String) throws(EngineError) {
        let zeros = [UInt8](repeating: 0, count: Self.entriesMax * UnfinishedCall.entryBytes)
        guard pwrite(descriptor, zeros, zeros.count, 0) == zeros.count else {
            throw Self.failure("write", path)
        }
    }

    private static func failure(_ call: String, _ path: String) -> EngineError {
        .store(reason: "\(call) \(path): \(String(cString: strerror(errno)))")
    }
}
