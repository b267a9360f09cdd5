// SPDX-License-Identifier: Apache-2.0
// Secrets of functions as files, one per name. Gateway's admin API writes them, Scheduler reads them for sandboxes.

import Dispatch
import FunctionModel

/// The folder of function secrets: DATA/secrets/functions, mode 0700, files 0600; of each further namespace a folder
/// `.namespaces/NAME` in it.
///
/// Every change is whole or absent after a crash: written to a new file, synced, then renamed. Changes take turns by a
/// lock on the folder, so that two processes may use it.
package final class SecretStore: Sendable {
    private let root: String
    private let folder: String
    /// Where file operations block, one at a time: a lock on the folder waits for at most one write of another process.
    private let queue: DispatchQueue

    /// Makes the folder when absent, and drops what a killed process left half-written.
    ///
    /// Blocks.
    /// - Throws: ``SecretError/system(call:path:errorNumber:)``.
    package init(folder: String) throws(SecretError) {
        root = folder
        self.folder = folder
        queue = DispatchQueue(label: "mayfly.secrets")
        try SecretFile.makeFolder(folder)
        try Self.clean(folder)
        let namespaces = folder + "/" + Self.namespaces
        guard try SecretFile.exists(folder, Self.namespaces) else { return }
        for name in try SecretFile.list(namespaces) where FunctionNamespace.isValid(name) {
            try Self.clean(namespaces + "/" + name)
        }
    }

    /// No secret's name begins with a dot.
    private static let namespaces = ".namespaces"

    private init(root: String, folder: String, queue: DispatchQueue) {
        self.root = root
        self.folder = folder
        self.queue = queue
    }

    private static func clean(_ folder: String) throws(SecretError) {
        try SecretFile.locked(folder) { () throws(SecretError) in
            for name in try SecretFile.list(folder) where name.hasPrefix(SecretFile.temporaryPrefix) {
                try SecretFile.remove(folder, name)
            }
        }
    }

    /// The secrets of a namespace; its folder is made with its first secret.
    package func within(_ namespace: String) -> any SecretRepository {
        guard namespace != FunctionName.defaultNamespace else {
            return SecretStore(root: root, folder: root, queue: queue)
        }
        return SecretStore(root: root, folder: "\(root)/\(Self.namespaces)/\(namespace)", queue: queue)
    }

    /// Stores a new secret.
    ///
    /// - Throws: ``SecretError/exists(_:)`` when there is one of this name.
    package func create(_ name: String, _ value: [UInt8]) async throws(SecretError) {
        try check(name, value)
        try await change(makesFolder: true) { (folder) throws(SecretError) in
            guard try !SecretFile.exists(folder, name) else { throw .exists(name) }
            guard try Self.names(folder).count < SecretLimits.countMax else {
                throw .tooMany(countMax: SecretLimits.countMax)
            }
            try SecretFile.replace(folder, name, value)
        }
    }

    /// Replaces a secret's value.
    ///
    /// - Throws: ``SecretError/notFound(_:)`` when there is none of this name.
    package func update(_ name: String, _ value: [UInt8]) async throws(SecretError) {
        try check(name, value)
        try await change { (folder) throws(SecretError) in
            guard try SecretFile.exists(folder, name) else { throw .notFound(name) }
            try SecretFile.replace(folder, name, value)
        }
    }

    /// Names of all secrets, sorted.
    ///
    /// - Throws: ``SecretError``.
    package func list() async throws(SecretError) -> [String] {
        try await run { (folder) throws(SecretError) in
            try Self.isThere(folder) ? Self.names(folder).sorted() : []
        }
    }

    /// A secret's value.
    ///
    /// - Throws: ``SecretError/notFound(_:)``.
    package func read(_ name: String) async throws(SecretError) -> [UInt8] {
        try check(name, [])
        return try await run { (folder) throws(SecretError) in
            try SecretFile.read(folder, name, bytesMax: SecretLimits.valueBytesMax)
        }
    }

    /// The path of a secret's file, for build steps.
    ///
    /// - Throws: ``SecretError/notFound(_:)``.
    package func file(of name: String) async throws(SecretError) -> String {
        try check(name, [])
        return try await run { (folder) throws(SecretError) in
            guard try SecretFile.exists(folder, name) else { throw .notFound(name) }
            return folder + "/" + name
        }
    }

    /// Removes a secret.
    ///
    /// - Throws: ``SecretError/notFound(_:)``.
    package func remove(_ name: String) async throws(SecretError) {
        try check(name, [])
        try await change { (folder) throws(SecretError) in
            guard try SecretFile.exists(folder, name) else { throw .notFound(name) }
            try SecretFile.remove(folder, name)
        }
    }

    private static func names(_ folder: String) throws(SecretError) -> [String] {
        try SecretFile.list(folder).filter(SecretName.isValid)
    }

    /// Whether a namespace has a folder: it has none before its first secret.
    private static func isThere(_ folder: String) throws(SecretError) -> Bool {
        try SecretFile.exists(folder, ".")
    }

    /// Checks and writes in one step, whichever process does so besides.
    private func change(
        makesFolder: Bool = false,
        _ body: @escaping @Sendable (String) throws(SecretError) -> Void
    ) async throws(SecretError) {
        try await run { (folder) throws(SecretError) in
            if makesFolder { try SecretFile.makeFolder(folder) }
            guard try Self.isThere(folder) else { return try body(folder) }
            try SecretFile.locked(folder) { () throws(SecretError) in try body(folder) }
        }
    }

    private func run<Value: Sendable>(_ body: @escaping @Sendable (String) throws(SecretError) -> Value)
        async throws(SecretError) -> Value
    {
        let result: Result<Value, SecretError> = await withCheckedContinuation { continuation in
            queue.async { [folder] in
                do throws(SecretError) {
                    continuation.resume(returning: .success(try body(folder)))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }

    private func check(_ name: String, _ value: [UInt8]) throws(SecretError) {
        guard SecretName.isValid(name) else { throw .invalidName(name) }
        guard value.count <= SecretLimits.valueBytesMax else {
            throw .tooLarge(name: name, bytes: value.count, bytesMax: SecretLimits.valueBytesMax)
        }
    }
}
