// SPDX-License-Identifier: Apache-2.0
// A route has one owner, and a revision one successor, however many deploys want it at once.

import Foundation
import FunctionModel
import FunctionStore
import Testing

@testable import Scheduler

@Suite("Deploys of one function at once")
struct ReplacementTests {
    /// Deploys at once, from two gateways in turn.
    private static func deploys(
        _ replaces: Deployment.Replacement,
        _ catalogs: [Catalog]
    ) async throws -> [CatalogError] {
        var deployment = Deployment(
            name: try FunctionName("f"),
            imageReference: "tool:1",
            configuration: FunctionConfiguration()
        )
        deployment.replaces = replaces
        let wanted = deployment
        return await withTaskGroup(of: CatalogError?.self) { group in
            for index in 0..<8 {
                group.addTask {
                    do throws(CatalogError) {
                        _ = try await catalogs[index % 2].deploy(wanted)
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            return await group.reduce(into: []) { if let error = $1 { $0.append(error) } }
        }
    }

    @Test("make it once where it is to be new, and replace a revision once")
    func once() async throws {
        try await CatalogBench.with { bench in
            try await bench.withOtherGateway { other, store in
                let catalogs = [bench.catalog, other]
                let name = try FunctionName("f")
                let second = try await Self.deploys(.nothing, catalogs)
                #expect(second == Array(repeating: .exists(name), count: 7))
                let late = try await Self.deploys(.revision(1), catalogs)
                #expect(late == Array(repeating: .changedMeanwhile(name), count: 7))
                #expect(try await Self.deploys(.any, catalogs).isEmpty)
                let stored = try await store.changes(since: .none).changes.compactMap(\.revision)
                #expect(stored.map(\.number) == [10])
            }
        }
    }
}

@Suite("Deploys that want the same route")
struct RouteConflictTests {
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
        try await CatalogBench.with { bench in
            let catalog = bench.catalog
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

    @Test("at two gateways of one database leave it to one of them, too")
    func twoGateways() async throws {
        try await CatalogBench.with { bench in
            try await bench.withOtherGateway { other, store in
                let catalogs = [bench.catalog, other]
                let refusals = try await withThrowingTaskGroup(of: CatalogError?.self) { group in
                    for index in 0..<8 {
                        group.addTask { try await Self.deploy("f\(index)", catalogs[index % 2]) }
                    }
                    return try await group.reduce(into: [CatalogError]()) {
                        if let error = $1 { $0.append(error) }
                    }
                }
                let stored = try await store.changes(since: .none).changes.compactMap(\.revision)
                let owner = try #require(stored.first)
                #expect(stored.count == 1)
                let expected = CatalogError.routeTaken(try Route("/shared"), by: owner.function)
                #expect(refusals == Array(repeating: expected, count: 7))
            }
        }
    }

    @Test("are refused at once by the route that another gateway deployed, and so is a rollback")
    func otherGateway() async throws {
        try await CatalogBench.with { bench in
            #expect(try await Self.deploy("f", bench.catalog) == nil)
            let name = try FunctionName("f")
            // The next revision gives the route up.
            let bare = Deployment(
                name: name,
                imageReference: "tool:1",
                configuration: FunctionConfiguration()
            )
            _ = try await bench.catalog.deploy(bare)
            let elsewhere = try await bench.withOtherGateway { other, _ in try await Self.deploy("g", other) }
            #expect(elsewhere == nil)
            let expected = CatalogError.routeTaken(try Route("/shared"), by: try FunctionName("g"))
            #expect(try await Self.deploy("h", bench.catalog) == expected)
            await #expect(throws: expected) { try await bench.catalog.rollback(name, to: 1) }
            #expect(bench.catalog.current(name)?.number == 2)
        }
    }
}
