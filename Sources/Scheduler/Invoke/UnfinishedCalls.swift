// SPDX-License-Identifier: Apache-2.0
// The calls that run now, in a file that tells the next gateway which of them this one did not finish. Engine opens it,
// Dispatcher notes each call in it.

import FunctionModel
import Synchronization

/// A file of entries, each free or one call under way.
///
/// They are in the page cache, which outlives a killed process; nothing is synced, so after a power failure calls can be
/// missing.
final class UnfinishedCalls: Sendable {
    /// Calls noted at once, a file of 1 MiB; more than a host has sandboxes for.
    ///
    /// Calls beyond it run without a note.
    static let entriesMax = 4096

    private let file: EntryFile
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
        let (file, bytes) = try EntryFile.open(
            path,
            count: entriesMax,
            entryBytes: UnfinishedCall.entryBytes
        )
        let left = stride(from: 0, to: bytes.count, by: UnfinishedCall.entryBytes).compactMap {
            UnfinishedCall(entry: bytes[$0..<min(bytes.count, $0 + UnfinishedCall.entryBytes)])
        }
        return (UnfinishedCalls(file), left)
    }

    private init(_ file: EntryFile) {
        self.file = file
        free = Mutex(Array((0..<file.count).reversed()))
    }

    /// Notes a call.
    ///
    /// - Returns: what to hold until the call is on record; nil when it has no entry.
    func begin(_ call: UnfinishedCall) -> Note? {
        guard let entry = call.entry(), let index = free.withLock({ $0.popLast() }) else { return nil }
        let note = Note(self, index)
        // A disk that fails loses the note, not the call; the file has its blocks already.
        return file.write(entry, at: index) ? note : nil
    }

    private func end(_ index: Int) {
        // An entry that cannot be removed would be taken for a lost call: it is not used again.
        guard file.write([UInt8](repeating: 0, count: 8), at: index) else { return }
        free.withLock { $0.append(index) }
    }
}
