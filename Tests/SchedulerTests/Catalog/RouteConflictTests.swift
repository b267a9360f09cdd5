// SPDX-License-Identifier: Apache-2.0
// A route has one owner, however many deploys want it at once.

import Foundation
import FunctionModel
import FunctionStore
import ImageBuilder
import ImageStore
import Logging
import Sandbox
import Testing

@testable import Scheduler

@Suite("Deploys that want the same route")
struct RouteConflictTests {
    /// A catalog over a folder of its own with an image `tool:1`, whose sandboxes cannot be made.
    private static func withCatalog(_ test: (Catalog) async throws -> Void) async throws {
        let data = FileManager.default.temporaryDirectory
            .appendingPathComponent("mayfly-routes-\(UUID().uuidString)")
        let context = data.appendingPathComponent("context")
        try FileManager.default.createDirectory(at: context, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: data) }
        let dockerfile = "FROM scratch\nCOPY tool /tool\nCMD [\"/tool\"]\n"
        for (name, text) in [("Dockerfile", dockerfile), ("tool", "x")] {
            try text.write(to: context.appendingPathComponent(name), atomically: true, encoding: .utf8)
        }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let store = try SQLiteStore(path: data.path + "/mayfly.sqlite", logger: logger)
        let images = try ImageStore(
            dataDirectory: data.path,
            references: StoredReferences(store: store),
            logger: logger
        )
        var request = BuildRequest(contextDirectory: context.path)
        request.tag = "tool:1"
        let builder = try ImageBuilder(dataDirectory: data.path, store: images, logger: logger)
        _ = try await builder.build(request) { _ in }
        let catalog = Catalog(
            repositories: Catalog.Repositories(functions: store, schedules: store, history: store),
            images: images,
            secrets: try SecretStore(folder: data.path + "/secrets"),
            fleet: Fleet(sandboxesMax: 4, timer: DeadlineTimer(), logger: logger),
            logger: logger
        )
        let result: Result<Void, any Error>
        do { result = .success(try await test(catalog)) } catch { result = .failure(error) }
        try store.close()
        try result.get()
    }

    private static func deploy(_ name: String, _ catalog: Catalog) async throws -> CatalogError? {
        var configuration = FunctionConfiguration()
        configuration.routes = [try Route("/shared")]
        let deployment = Deployment(
            name: try FunctionName(name),
            imageReference: "tool:1",
            configuration: configuration
        )
        do throws(CatalogError) {
            _ = try await catalog.deploy(deployment)
            return nil
        } catch {
            return error
        }
    }

    @Test("leave it to one of them, and the others are refused by its name")
    func concurrent() async throws {
        try await Self.withCatalog { catalog in
            let refusals = try await withThrowingTaskGroup(of: CatalogError?.self) { group in
                for index in 0..<8 { group.addTask { try await Self.deploy("f\(index)", catalog) } }
                return try await group.reduce(into: [CatalogError]()) {
                    if let error = $1 { $0.append(error) }
                }
            }
            let owner = try #require(catalog.revisions().first)
            #expect(catalog.revisions().count == 1)
            let expected = CatalogError.routeTaken(try Route("/shared"), by: owner.function)
            #expect(refusals == Array(repeating: expected, count: 7))
            // Its owner may deploy again.
            #expect(try await Self.deploy(owner.function.text, catalog) == nil)
        }
    }
}
