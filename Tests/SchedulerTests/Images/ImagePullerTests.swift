// SPDX-License-Identifier: Apache-2.0
// When a deploy pulls its image, and what it reports when it cannot.

import Foundation
import ImageStore
import Logging
import Registry
import Testing

@testable import Scheduler

@Suite("A deploy that may pull its image")
struct ImagePullerTests {
    /// Counts the attempts of one deploy whose image is missing.
    private static func attempts(
        _ reference: String,
        _ deploy: (_ attempt: Int) throws(CatalogError) -> Void
    ) async throws -> (count: Int, error: PulledDeployError?) {
        let data = FileManager.default.temporaryDirectory
            .appendingPathComponent("mayfly-puller-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: data) }
        let images = try ImageStore(
            dataDirectory: data,
            references: MemoryReferenceStore(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        var options = RegistryClient.Options()
        options.credentials = .none
        let puller = ImagePuller(images: images, keeper: nil)
        var count = 0
        do throws(PulledDeployError) {
            try await puller.deploying(reference, using: RegistryClient(options)) { () throws(CatalogError) in
                count += 1
                try deploy(count)
            }
            return (count, nil)
        } catch {
            return (count, error)
        }
    }

    @Test("asks no registry when the image is there, or when something else is wrong")
    func present() async throws {
        let (count, error) = try await Self.attempts("127.0.0.1:1/a:1") { _ in }
        #expect(count == 1)
        #expect(error == nil)
        let (refusedCount, refusal) = try await Self.attempts("127.0.0.1:1/a:1") {
            _ throws(CatalogError) in throw .unknownSecret("s")
        }
        #expect(refusedCount == 1)
        guard case .catalog(.unknownSecret("s")) = refusal else {
            Issue.record("not the catalog's refusal: \(String(describing: refusal))")
            return
        }
    }

    @Test("reports a registry that does not answer, and deploys nothing")
    func unreachable() async throws {
        let (count, error) = try await Self.attempts("127.0.0.1:1/a:1") {
            _ throws(CatalogError) in throw .unknownImage(reference: "a")
        }
        #expect(count == 1)
        guard case .pull("127.0.0.1:1/a:1", .unreachable) = error else {
            Issue.record("not the registry's failure: \(String(describing: error))")
            return
        }
    }

    @Test("pulls no digest, which names no registry")
    func digest() async throws {
        let reference = "sha256:" + String(repeating: "a", count: 64)
        let (count, error) = try await Self.attempts(reference) {
            _ throws(CatalogError) in throw .unknownImage(reference: reference)
        }
        #expect(count == 1)
        guard case .catalog(.unknownImage) = error else {
            Issue.record("not the catalog's refusal: \(String(describing: error))")
            return
        }
    }
}
