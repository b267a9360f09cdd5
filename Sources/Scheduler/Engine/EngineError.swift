// SPDX-License-Identifier: Apache-2.0
// Why the engine could not start. faasctl prints the description as its one line.

/// The gateway cannot start.
package enum EngineError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Another gateway holds the data folder.
    case locked(directory: String, processID: Int?)
    case notWritable(directory: String, reason: String)
    case store(reason: String)
    /// The data folder holds what only a database can have led to, and the database is gone or empty.
    case databaseMissing(path: String, traces: [String])
    case images(reason: String)
    case spawner(reason: String)

    package var description: String {
        switch self {
        case .locked(let directory, let processID):
            "data folder \(directory) is in use by another gateway"
                + (processID.map { " (process \($0))" } ?? "") + "; stop it or choose another --data-dir"
        case .notWritable(let directory, let reason):
            "data folder \(directory) cannot be written: \(reason); choose another with --data-dir"
        case .databaseMissing(let path, let traces):
            "the database '\(path)' is missing or empty, but the data folder holds "
                + "\(traces.joined(separator: " and ")): all functions would be lost; restore a copy of it, or "
                + "start with an empty one with --new-database"
        case .store(let reason): "the store cannot be opened: \(reason)"
        case .images(let reason): "the image store cannot be opened: \(reason)"
        case .spawner(let reason):
            "containers cannot be created on this host: \(reason); see 'faasctl doctor'"
        }
    }
}
