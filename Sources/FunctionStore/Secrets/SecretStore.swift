// SPDX-License-Identifier: Apache-2.0
// Secrets of functions as files, one per name. Gateway's admin API writes them, Scheduler reads them for sandboxes.

import FunctionModel
import Synchronization

/// The folder of function secrets: DATA/secrets/functions, mode 0700, files 0600.
///
/// Every change is whole or absent after a crash: written to a new file, synced, then renamed.
/// All methods block for a moment; call them off the request path.
package final class SecretStore: Sendable {
    /// Largest value: as Kubernetes has it, and small enough to hand to every sandbox.
    package static let valueBytesMax = 1 << 20
    /// Secrets in all; listing stays one page.
    package static let countMax = 4096

    private let folder: String
    /// One change at a time, so that looking and writing are one step.
    private let turn = Mutex<Void>(())

    /// Makes the folder when absent, and drops what a killed process left half-written.
    ///
    /// - Throws: ``SecretError/system(call:path:errorNumber:)``.
    package init(folder: String) throws(SecretError) {
        self.folder = folder
        try SecretFile.makeFolder(folder)
        for name in try SecretFile.list(folder) where name.hasPrefix(SecretFile.temporaryPrefix) {
            try SecretFile.remove(folder, name)
        }
    }

    /// Stores a new secret.
    ///
    /// - Throws: ``SecretError/exists(_:)`` when there is one of this name.
    package func create(_ name: String, _ value: [UInt8]) throws(SecretError) {
        try check(name, value)
        try inTurn { () throws(SecretError) in
            guard try !SecretFile.exists(self.folder, name) else { throw .exists(name) }
            guard try self.names().count < Self.countMax else { throw .tooMany(countMax: Self.countMax) }
            try SecretFile.replace(self.folder, name, value)
        }
    }

    /// Replaces a secret's value.
    ///
    /// - Throws: ``SecretError/notFound(_:)`` when there is none of this name.
    package func update(_ name: String, _ value: [UInt8]) throws(SecretError) {
        try check(name, value)
        try inTurn { () throws(SecretError) in
            guard try SecretFile.exists(self.folder, name) else { throw .notFound(name) }
            try SecretFile.replace(self.folder, name, value)
        }
    }

    /// Names of all secrets, sorted.
    package func list() throws(SecretError) -> [String] { try names().sorted() }

    /// A secret's value.
    ///
    /// - Throws: ``SecretError/notFound(_:)``.
    package func read(_ name: String) throws(SecretError) -> [UInt8] {
        try check(name, [])
        return try SecretFile.read(folder, name, bytesMax: Self.valueBytesMax)
    }

    /// The path of a secret's file, for build steps.
    ///
    /// - Throws: ``SecretError/notFound(_:)``.
    package func file(of name: String) throws(SecretError) -> String {
        try check(name, [])
        guard try SecretFile.exists(folder, name) else { throw .notFound(name) }
        return folder + "/" + name
    }

    /// Removes a secret.
    ///
    /// - Throws: ``SecretError/notFound(_:)``.
    package func remove(_ name: String) throws(SecretError) {
        try check(name, [])
        try inTurn { () throws(SecretError) in
            guard try SecretFile.exists(self.folder, name) else { throw .notFound(name) }
            try SecretFile.remove(self.folder, name)
        }
    }

    private func names() throws(SecretError) -> [String] {
        try SecretFile.list(folder).filter(SecretName.isValid)
    }

    private func inTurn(_ body: () throws(SecretError) -> Void) throws(SecretError) {
        try turn.withLock { _ throws(SecretError) in try body() }
    }

    private func check(_ name: String, _ value: [UInt8]) throws(SecretError) {
        guard SecretName.isValid(name) else { throw .invalidName(name) }
        guard value.count <= Self.valueBytesMax else {
            throw .tooLarge(name: name, bytes: value.count, bytesMax: Self.valueBytesMax)
        }
    }
}
