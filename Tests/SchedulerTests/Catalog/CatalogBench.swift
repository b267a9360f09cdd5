// SPDX-License-Identifier: Apache-2.0
// A catalog over a data folder of its own, with one image, and without containers.

import Foundation
import FunctionModel
import FunctionStore
import ImageBuilder
import ImageStore
import Logging
import Sandbox

@testable import Scheduler

/// What a test of deploys needs; its folder is removed after ``with(_:)``.
struct CatalogBench {
    let catalog: Catalog
    /// The manifest of the image `tool:1`.
    let digest: Digest
    /// DATA.
    let path: String
    let images: ImageStore

    /// Runs a test with an image `tool:1`, whose sandboxes cannot be made.
    static func with(_ test: (CatalogBench) async throws -> Void) async throws {
        let data = FileManager.default.temporaryDirectory
            .appendingPathComponent("mayfly-catalog-\(UUID().uuidString)")
        let context = data.appendingPathComponent("context")
        try FileManager.default.createDirectory(at: context, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: data) }
        let dockerfile = "FROM scratch\nCOPY tool /tool\nCMD [\"/tool\"]\n"
        for (name, text) in [("Dockerfile", dockerfile), ("tool", "x")] {
            try text.write(to: context.appendingPathComponent(name), atomically: true, encoding: .utf8)
        }
        let store = try SQLiteStore(path: data.path + "/mayfly.sqlite", logger: .silent)
        let images = try ImageStore(
            dataDirectory: data.path,
            references: StoredReferences(store: store),
            logger: .silent
        )
        var request = BuildRequest(contextDirectory: context.path)
        request.tag = "tool:1"
        let builder = try ImageBuilder(dataDirectory: data.path, store: images, logger: .silent)
        let digest = try await builder.build(request) { _ in }
        let bench = CatalogBench(
            catalog: try catalog(store, images, path: data.path),
            digest: digest,
            path: data.path,
            images: images
        )
        let result: Result<Void, any Error>
        do { result = .success(try await test(bench)) } catch { result = .failure(error) }
        try store.close()
        try result.get()
    }

    /// Runs a test with the catalog of another gateway on the same database.
    func withOtherGateway<Value>(_ test: (Catalog, SQLiteStore) async throws -> Value) async throws -> Value {
        let store = try SQLiteStore(path: path + "/mayfly.sqlite", logger: .silent)
        let result: Result<Value, any Error>
        do {
            result = .success(try await test(try Self.catalog(store, images, path: path), store))
        } catch {
            result = .failure(error)
        }
        try store.close()
        return try result.get()
    }

    private static func catalog(_ store: SQLiteStore, _ images: ImageStore, path: String) throws -> Catalog {
        Catalog(
            repositories: Catalog.Repositories(functions: store, schedules: store, history: store),
            images: images,
            secrets: try SecretStore(folder: path + "/secrets"),
            fleet: Fleet(sandboxesMax: 4, timer: DeadlineTimer(), logger: .silent),
            logger: .silent
        )
    }
}
