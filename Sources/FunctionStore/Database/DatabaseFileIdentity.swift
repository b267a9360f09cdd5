// SPDX-License-Identifier: Apache-2.0
// The identity of the file at a path. SQLiteStore compares it with the files that it has open.

import Glibc

/// The identity of a file, independent of its path.
struct DatabaseFileIdentity: Hashable, Sendable {
    var device: UInt64
    var number: UInt64

    /// Nil when there is no file.
    static func of(_ path: String) -> DatabaseFileIdentity? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return DatabaseFileIdentity(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
    }
}

/// The files that a database consists of, as they were when it was opened.
struct DatabaseFiles: Sendable {
    private let known: [String: DatabaseFileIdentity]

    /// Remembers the database and its write-ahead log, where there is one.
    init(path: String) {
        let paths = [path, path + "-wal"]
        known = Dictionary(
            uniqueKeysWithValues: paths.compactMap { path in DatabaseFileIdentity.of(path).map { (path, $0) }
            }
        )
    }

    /// The first that was removed or replaced: data written to it is lost with this process.
    var lost: String? {
        known.keys.sorted().first { DatabaseFileIdentity.of($0) != known[$0] }
    }
}
