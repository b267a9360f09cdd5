// SPDX-License-Identifier: Apache-2.0
// Typed errors of the FunctionStore room; text is made here once, for operators and for the command line.

package import FunctionModel

/// Why the store could not be opened, or did not do what it was asked.
package enum StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The data folder or the database file cannot be created or written.
    case notWritable(path: String, reason: String)
    /// The database has migrations that this version does not know.
    case newerVersion(path: String, unknown: [String])
    /// The file is no database, or its pages contradict each other.
    case corrupted(path: String, reason: String)
    /// No space left on the device that holds the database.
    case diskFull(path: String)
    /// The database is missing or empty, and must not be new.
    case missing(path: String)
    /// A file of the database was removed or replaced while it was open.
    case removed(path: String)
    /// Another process held the write lock for longer than the busy timeout.
    case busy(path: String)
    /// No function of this name is deployed.
    case unknownFunction(FunctionName)
    /// There is no namespace of this name.
    case unknownNamespace(String)
    /// The function has no revision with this number.
    case unknownRevision(FunctionName, number: Int)
    /// The function has so many aliases already.
    case tooManyAliases(FunctionName, max: Int)
    /// Functions have changed since the version that the caller has seen.
    case catalogueChanged
    /// A container has the name that a function should get.
    case nameOfContainer(String)
    /// A schedule's next due time must lie after the one that is claimed.
    case scheduleDoesNotAdvance(ScheduleKey)
    /// A row does not decode: the database was written by something else.
    case malformedRow(table: String, reason: String)
    /// Any other failure of SQLite.
    case failed(reason: String)

    package var description: String {
        switch self {
        case .notWritable(let path, let reason):
            "cannot write '\(path)': \(reason); choose another folder with --data-dir or correct its permissions"
        case .newerVersion(let path, let unknown):
            "'\(path)' was written by a newer version (migrations \(unknown.joined(separator: ", "))); "
                + "use that version, or restore a copy from before the upgrade"
        case .corrupted(let path, let reason):
            "'\(path)' is damaged (\(reason)); move it away and restore a copy"
        case .diskFull(let path): "no space left for '\(path)'; free disk space and try again"
        case .missing(let path): "'\(path)' is missing or empty; restore a copy of it"
        case .removed(let path):
            "'\(path)' was removed or replaced while the gateway ran, so no change can be stored; restore a copy of it "
                + "and restart the gateway"
        case .busy(let path): "'\(path)' is locked by another process; end that process or try again later"
        case .unknownFunction(let name): "function '\(name)' is not deployed"
        case .unknownNamespace(let name): "there is no namespace '\(name)'"
        case .unknownRevision(let name, let number): "function '\(name)' has no revision \(number)"
        case .tooManyAliases(let name, let max):
            "function '\(name)' has \(max) aliases already; remove one first"
        case .catalogueChanged: "another gateway changed the functions meanwhile"
        case .nameOfContainer(let name): "the name '\(name)' is a container's"
        case .scheduleDoesNotAdvance(let key):
            "schedule '\(key.expression)' of '\(key.function)' must move to a later time"
        case .malformedRow(let table, let reason): "a row of table '\(table)' cannot be decoded: \(reason)"
        case .failed(let reason): "the database failed: \(reason)"
        }
    }
}
