// SPDX-License-Identifier: Apache-2.0
// From SQLite's result codes to the errors that operators can act on.

import FunctionModel
import GRDB

extension StoreError {
    /// Sorts an error of the database layer; a ``StoreError`` stays itself.
    init(_ error: any Error, path: String) {
        if let error = error as? StoreError {
            self = error
        } else if let error = error as? DatabaseError {
            self = Self.sort(error, path: path)
        } else {
            self = .failed(reason: "\(error)")
        }
    }

    private static func sort(_ error: DatabaseError, path: String) -> StoreError {
        let reason = error.message ?? "\(error.extendedResultCode)"
        switch error.resultCode {
        case .SQLITE_FULL: return .diskFull(path: path)
        case .SQLITE_BUSY, .SQLITE_LOCKED: return .busy(path: path)
        case .SQLITE_NOTADB, .SQLITE_CORRUPT: return .corrupted(path: path, reason: reason)
        case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM:
            return .notWritable(path: path, reason: reason)
        case .SQLITE_IOERR where error.extendedResultCode == .SQLITE_IOERR_SHMSIZE:
            // The shared index of the write-ahead log could not grow: only a full device refuses that.
            return .diskFull(path: path)
        default: return .failed(reason: reason)
        }
    }
}
