// SPDX-License-Identifier: Apache-2.0
// Reserved disk space for writes that are necessary when the disk is full. SQLiteStore owns one.

import Glibc
import Synchronization

/// A file that only takes space, and gives it back when a full disk would refuse a removal or a start.
///
/// While it is given back, only such writes are permitted: other writes would use it up.
final class DiskReserve: Sendable {
    /// Some hundred removals: each writes a few pages to the write-ahead log, which starts over at 4 MiB.
    static let bytes = 4 << 20
    /// Free bytes below which a database cannot be opened for certain: its log and the index of that need some.
    static let openingBytes = 1 << 20

    enum State: Hashable, Sendable {
        /// There was never room for it: everything is written as long as it goes.
        case none
        case held
        /// Given back: only what is necessary is written, until it is there again.
        case released
    }

    private let path: String
    private let state: Mutex<State>

    /// Finds what an earlier process left, or makes it where there is room.
    ///
    /// - Parameter path: of the reserve's file.
    init(path: String) {
        self.path = path
        state = Mutex(Self.found(path))
        _ = take()
    }

    /// As it is now.
    var now: State { state.withLock { $0 } }

    /// Puts the space aside again, if there is twice as much.
    ///
    /// - Returns: false while it is given back; then only what is necessary may be written.
    func take() -> Bool {
        state.withLock { state in
            guard state != .held else { return true }
            if Self.freeBytes(beside: path) >= 2 * Self.bytes, Self.allocate(path) { state = .held }
            return state != .released
        }
    }

    /// Gives the space back.
    ///
    /// - Returns: whether there was any.
    func release() -> Bool {
        state.withLock { state in
            guard state == .held, truncate(path, 0) == 0 else { return false }
            state = .released
            return true
        }
    }

    /// Gives the space back when too little is free to open a database.
    func releaseForOpening() -> Bool { Self.freeBytes(beside: path) < Self.openingBytes && release() }

    /// An empty file says that it was given back.
    private static func found(_ path: String) -> State {
        var status = stat()
        guard stat(path, &status) == 0 else { return .none }
        return status.st_size >= bytes ? .held : .released
    }

    private static func allocate(_ path: String) -> Bool {
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { return false }
        defer { close(file) }
        guard posix_fallocate(file, 0, off_t(bytes)) == 0 else {
            // What there was not enough of must not be kept either.
            _ = ftruncate(file, 0)
            return false
        }
        return true
    }

    /// Zero where it cannot be asked.
    private static func freeBytes(beside path: String) -> Int {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return 0 }
        return Int(status.f_bavail) * Int(status.f_frsize)
    }
}
