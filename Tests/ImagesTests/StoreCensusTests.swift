// SPDX-License-Identifier: Apache-2.0
// What goes first when the store is too large, decided without a disk.

import FunctionModel
import Testing

@testable import ImageStore
@testable import OCI

@Suite struct StoreCensusTests {
    private static func digest(_ name: String) -> Digest { Digest(of: name.utf8) }

    private static func image(
        _ name: String,
        blobs: [String],
        used: Int64,
        hasName: Bool = true,
        isInUse: Bool = false
    ) -> StoreCensus.Stored {
        .init(
            root: digest(name),
            hasName: hasName,
            blobs: Set(blobs.map(digest)),
            trees: [digest("tree of " + name)],
            isInUse: isInUse,
            lastUsed: used
        )
    }

    /// 100 bytes each for: a cached layer, a tree, an unnamed, an unused and a deployed image; one blob is shared.
    private static var full: StoreCensus {
        var census = StoreCensus()
        census.steps = [
            .init(key: digest("step"), layer: digest("cached"), lastUsed: 9),
            .init(key: digest("step in use"), layer: digest("deployed layer"), lastUsed: 1),
            .init(key: digest("step without layer"), layer: nil, lastUsed: 0),
        ]
        census.trees = [
            .init(chainID: digest("tree of unused"), ownBytes: 100, lastUsed: 8),
            .init(chainID: digest("tree of deployed"), ownBytes: 100, lastUsed: 0),
        ]
        census.images = [
            image("unused", blobs: ["unused layer", "shared"], used: 2),
            image("recent", blobs: ["recent layer", "shared"], used: 7),
            image("unnamed", blobs: ["unnamed layer"], used: 5, hasName: false),
            image("deployed", blobs: ["deployed layer"], used: 0, isInUse: true),
        ]
        for blob in ["cached", "unused layer", "recent layer", "unnamed layer", "deployed layer", "shared"] {
            census.blobBytes[digest(blob)] = 100
        }
        census.usedBytes = 800
        return census
    }

    @Test(
        "caches go first, then what has no name, then what nothing needs, each the least recently used first",
        arguments: [
            (800, []), (799, ["tree"]), (700, ["tree"]), (699, ["tree", "step"]),
            (600, ["tree", "step"]), (500, ["tree", "step", "unnamed"]),
            (400, ["tree", "step", "unnamed", "unused"]),
            // The blob that two images share goes with the second of them.
            (399, ["tree", "step", "unnamed", "unused", "recent"]),
            (0, ["tree", "step", "unnamed", "unused", "recent"]),
        ]
    )
    func order(limit: Int, gone: [String]) {
        let expected = gone.map { name -> Eviction in
            switch name {
            case "tree": .tree(Self.digest("tree of unused"))
            case "step": .step(Self.digest("step"))
            default: .image(Self.digest(name))
            }
        }
        #expect(Self.full.evictions(toFit: limit) == expected)
    }

    @Test("whatever the census and the limit, nothing in use goes and nothing goes without need")
    func invariants() {
        var random = Seeded(state: 42)
        for _ in 0..<200 {
            var census = StoreCensus()
            let names = (0..<8).map { "blob \($0)" }
            for name in names {
                census.blobBytes[Self.digest(name)] = Int.random(in: 1...100, using: &random)
            }
            census.usedBytes = census.blobBytes.values.reduce(0, +)
            for index in 0..<6 {
                census.images.append(
                    Self.image(
                        "image \(index)",
                        blobs: names.filter { _ in Bool.random(using: &random) },
                        used: Int64.random(in: 0...9, using: &random),
                        hasName: Bool.random(using: &random),
                        isInUse: Bool.random(using: &random)
                    )
                )
            }
            let limit = Int.random(in: 0...census.usedBytes, using: &random)
            let evictions = census.evictions(toFit: limit)
            for image in census.images where image.isInUse {
                #expect(!evictions.contains(.image(image.root)))
            }
            let without = census.images.filter { !evictions.dropLast().contains(.image($0.root)) }
            let held = without.reduce(into: Set<Digest>()) { $0.formUnion($1.blobs) }
            let once = Set(census.images.flatMap(\.blobs))
            let left =
                census.usedBytes - once.subtracting(held).reduce(0) { $0 + (census.blobBytes[$1] ?? 0) }
            #expect(evictions.isEmpty || left > limit, "the last eviction was not needed")
        }
    }

    private struct Seeded: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    @Test(
        "a budget is a share of what there is, or bytes",
        arguments: [("80%", 800), ("100%", 1000), ("1%", 10), ("300", 300), ("1Ki", 1024)]
    )
    func budget(text: String, limit: Int) throws {
        let budget = try ImageBudget(text, field: "--image-budget")
        #expect(budget.limitBytes(usedBytes: 400, freeBytes: 600) == limit)
        #expect(try ImageBudget(budget.description, field: "f") == budget)
    }

    @Test("what is no budget is refused", arguments: ["0%", "101%", "-5%", "%", "many", ""])
    func refused(text: String) {
        #expect(throws: ModelError.self) { try ImageBudget(text, field: "--image-budget") }
    }
}
