// SPDX-License-Identifier: Apache-2.0
// The table follows the catalog.

import FunctionModel
import Scheduler
import Testing

@testable import Gateway

@Suite struct RouteCacheTests {
    @Test("the table is built once per generation")
    func generations() async throws {
        let catalog = FakeCatalog([try makeRevision("a")])
        let cache = RouteCache(catalog, metrics: MetricsRegistry())
        let first = cache.table()
        #expect(cache.table() === first)
        #expect(first.function("a") != nil)
        _ = try await catalog.deploy(
            Deployment(name: FunctionName("b"), imageReference: "b", configuration: .init())
        )
        let second = cache.table()
        #expect(second !== first)
        #expect(second.function("b") != nil)
    }

    @Test("a function keeps its counters over a deploy and loses them when it is removed")
    func counters() async throws {
        let catalog = FakeCatalog([try makeRevision("a")])
        let metrics = MetricsRegistry()
        let cache = RouteCache(catalog, metrics: metrics)
        let name = try FunctionName("a")
        try #require(cache.table().function("a")).metrics.ended(status: 200, seconds: 1)
        _ = try await catalog.deploy(Deployment(name: name, imageReference: "a", configuration: .init()))
        #expect(cache.table().function("a")?.metrics.read().codes[200]?.count == 1)
        try await catalog.remove(name)
        _ = cache.table()
        #expect(metrics.read().isEmpty)
    }
}
