// SPDX-License-Identifier: Apache-2.0
// Secrets in memory; a build step's file is written when it is asked for.

import Foundation
import FunctionModel
import FunctionStore
import Synchronization

final class MemorySecrets: SecretRepository {
    private let values = Mutex<[String: [UInt8]]>([:])
    private let folder: String
    /// Of the other namespaces; only in that of the default one.
    private let others = Mutex<[String: MemorySecrets]>([:])
    /// That of the default namespace; nil in itself.
    private let root: MemorySecrets?

    /// - Parameters:
    ///   - folder: exists; gets the files for build steps.
    ///   - root: that of the default namespace.
    init(folder: String, root: MemorySecrets? = nil) {
        self.folder = folder
        self.root = root
    }

    func within(_ namespace: String) -> any SecretRepository {
        let root = root ?? self
        guard namespace != FunctionName.defaultNamespace else { return root }
        return root.others.withLock { others in
            let found = others[namespace] ?? MemorySecrets(folder: folder, root: root)
            others[namespace] = found
            return found
        }
    }

    func create(_ name: String, _ value: [UInt8]) async throws(SecretError) {
        try change(name, value) { (values) throws(SecretError) in
            guard values[name] == nil else { throw .exists(name) }
            guard values.count < SecretLimits.countMax else {
                throw .tooMany(countMax: SecretLimits.countMax)
            }
            values[name] = value
        }
    }

    func update(_ name: String, _ value: [UInt8]) async throws(SecretError) {
        try change(name, value) { (values) throws(SecretError) in
            guard values[name] != nil else { throw .notFound(name) }
            values[name] = value
        }
    }

    func list() async throws(SecretError) -> [String] { values.withLock { $0.keys.sorted() } }

    func read(_ name: String) async throws(SecretError) -> [UInt8] {
        guard SecretName.isValid(name) else { throw .invalidName(name) }
        guard let value = values.withLock({ $0[name] }) else { throw .notFound(name) }
        return value
    }

    func file(of name: String) async throws(SecretError) -> String {
        let value = try await read(name)
        let path = "\(folder)/secret-\(name)"
        guard FileManager.default.createFile(atPath: path, contents: Data(value)) else {
            throw .system(call: "open", path: path, errorNumber: errno)
        }
        return path
    }

    func remove(_ name: String) async throws(SecretError) {
        try change(name, []) { (values) throws(SecretError) in
            guard values.removeValue(forKey: name) != nil else { throw .notFound(name) }
        }
    }

    private func change(
        _ name: String,
        _ value: [UInt8],
        _ body: (inout [String: [UInt8]]) throws(SecretError) -> Void
    ) throws(SecretError) {
        guard SecretName.isValid(name) else { throw .invalidName(name) }
        guard value.count <= SecretLimits.valueBytesMax else {
            throw .tooLarge(name: name, bytes: value.count, bytesMax: SecretLimits.valueBytesMax)
        }
        try values.withLock { (values) throws(SecretError) in try body(&values) }
    }
}
