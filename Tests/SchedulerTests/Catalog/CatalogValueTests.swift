// SPDX-License-Identifier: Apache-2.0
// The catalog's pure parts: names of signals, the snapshot, the checks of a configuration.

import Foundation
import FunctionModel
import Testing

@testable import Scheduler

@Suite struct StopSignalTests {
    @Test(
        "a signal is known by number and by name, and any other value becomes SIGTERM",
        arguments: [
            (nil, 15), ("", 15), ("SIGTERM", 15), ("SIGQUIT", 3), ("quit", 3), ("sigint", 2), ("9", 9),
            ("RTMIN+3", 37),
            ("SIGRTMIN", 34), ("RTMIN+99", 15), ("0", 15), ("65", 15), ("SIGNONSENSE", 15),
        ] as [(String?, Int32)]
    )
    func numbers(_ text: String?, _ number: Int32) {
        #expect(StopSignal.number(text) == number)
    }
}

@Suite struct CatalogSnapshotTests {
    private func entry(_ name: String, _ number: Int, routes: [String] = []) throws -> CatalogSnapshot.Entry {
        var configuration = FunctionConfiguration()
        configuration.routes = try routes.map { try Route($0) }
        let revision = Revision(
            function: try FunctionName(name),
            number: number,
            imageReference: "i",
            imageDigest: Digest(hash: [UInt8](repeating: 0, count: 32)),
            configuration: configuration,
            createdAt: Date()
        )
        return CatalogSnapshot.Entry(revision: revision, failure: "damaged")
    }

    @Test("every change moves the generation")
    func generation() throws {
        var snapshot = CatalogSnapshot()
        _ = snapshot.switched(try entry("a", 1))
        _ = snapshot.switched(try entry("a", 2))
        #expect(snapshot.generation == 2)
        _ = snapshot.removed(try FunctionName("a"))
        #expect(snapshot.generation == 3)
        _ = snapshot.removed(try FunctionName("a"))
        #expect(snapshot.generation == 3)
    }

    @Test("a function whose image is damaged is known, with the reason")
    func broken() throws {
        var snapshot = CatalogSnapshot()
        _ = snapshot.switched(try entry("a", 1))
        guard case .broken(let revision, "damaged") = snapshot.lookup(try FunctionName("a")) else {
            Issue.record("should be broken")
            return
        }
        #expect(revision.number == 1)
        guard case .unknown = snapshot.lookup(try FunctionName("b")) else {
            Issue.record("should be unknown")
            return
        }
    }

    @Test("a route that another function has is found, one's own is no conflict")
    func conflict() throws {
        var snapshot = CatalogSnapshot()
        _ = snapshot.switched(try entry("a", 1, routes: ["GET /x", "/y/*"]))
        let found = snapshot.conflict(of: try FunctionName("b"), [try Route("/y/*")])
        #expect(found?.1.text == "a")
        #expect(snapshot.conflict(of: try FunctionName("a"), [try Route("/y/*")]) == nil)
        #expect(snapshot.conflict(of: try FunctionName("b"), [try Route("POST /x")]) == nil)
    }
}
