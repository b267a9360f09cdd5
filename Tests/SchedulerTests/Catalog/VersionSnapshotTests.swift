// SPDX-License-Identifier: Apache-2.0
// Which pools serve a function's revisions after deploys and changes of aliases.

import Foundation
import FunctionModel
import Testing

@testable import Scheduler

@Suite struct VersionSnapshotTests {
    let name: FunctionName

    init() throws { name = try FunctionName("f") }

    /// A broken entry is enough: what it holds besides its number is not looked at.
    private func entry(_ number: Int) -> CatalogSnapshot.Entry {
        let revision = Revision(
            function: name,
            number: number,
            imageReference: "i",
            imageDigest: Digest(hash: [UInt8](repeating: 0, count: 32)),
            configuration: FunctionConfiguration(),
            createdAt: Date(timeIntervalSince1970: 0)
        )
        return CatalogSnapshot.Entry(revision: revision, failure: "revision \(number)")
    }

    private func alias(_ text: String, _ number: Int) throws -> FunctionAlias {
        try FunctionAlias(name: AliasName(text), targets: [.init(revision: number, share: .whole)])
    }

    private func served(_ snapshot: CatalogSnapshot, _ number: Int) -> Bool {
        guard case .broken(let revision, _) = snapshot.lookup(name, revision: number) else { return false }
        return revision.number == number
    }

    @Test("the current revision goes on serving after a deploy when an alias names it, else it ends")
    func deploys() throws {
        var snapshot = CatalogSnapshot()
        _ = snapshot.switched(entry(1))
        _ = snapshot.aliasesChanged(name, [try alias("prod", 1)], added: [])
        _ = snapshot.switched(entry(2))
        #expect(served(snapshot, 1) && served(snapshot, 2))
        _ = snapshot.switched(entry(3))
        #expect(served(snapshot, 1) && !served(snapshot, 2) && served(snapshot, 3))
        _ = snapshot.switched(entry(1))
        #expect(snapshot.versions[name]?.served.isEmpty == true)
        let prod = snapshot.alias(try AliasName("prod"), of: name)
        #expect(served(snapshot, 1) && prod != nil)
    }

    @Test("only revisions without a pool are missing, and those that lose their alias end")
    func aliases() throws {
        var snapshot = CatalogSnapshot()
        _ = snapshot.switched(entry(3))
        let two = [try alias("a", 1), try alias("b", 3)]
        #expect(snapshot.missing(name, two) == [1])
        _ = snapshot.aliasesChanged(name, two, added: [entry(1)])
        #expect(snapshot.missing(name, two).isEmpty)
        _ = snapshot.aliasesChanged(name, [try alias("b", 3)], added: [])
        #expect(!served(snapshot, 1))
        _ = snapshot.aliasesChanged(name, [], added: [])
        #expect(snapshot.versions.isEmpty)
    }

    @Test("a revision that was called by its number serves until the next deploy")
    func numbered() throws {
        var snapshot = CatalogSnapshot()
        _ = snapshot.switched(entry(2))
        _ = snapshot.served(entry(1))
        #expect(served(snapshot, 1))
        _ = snapshot.switched(entry(3))
        #expect(!served(snapshot, 1))
        _ = snapshot.removed(name)
        guard case .unknown = snapshot.lookup(name, revision: 3) else {
            Issue.record("a removed function is still there")
            return
        }
    }
}
