// SPDX-License-Identifier: Apache-2.0
// What a layer changes of the tree below, compared with Docker's rules.

import ImageStore
import Testing

@testable import ImageBuilder

@Suite("Differences of a layer") struct LayerDifferenceTests {
    private static func file(_ size: Int = 1, _ date: Int = 5, mode: UInt32 = 0o644) -> TreeNode {
        TreeNode(kind: .file, mode: mode, sizeBytes: size, modifiedSeconds: date)
    }

    private static func folder(_ mode: UInt32 = 0o755, date: Int = 5) -> TreeNode {
        TreeNode(kind: .directory, mode: mode, modifiedSeconds: date)
    }

    private static let gone = TreeNode(kind: .whiteout, mode: 0)

    private static let image: [String: TreeNode] = [
        "a": folder(), "a/one": file(), "a/two": file(), "a/in": folder(), "a/in/deep": file(),
        "b": folder(), "b/x": file(), "f": file(),
    ]

    private static func list(_ layer: [(String, TreeNode)], opaque: Set<String> = []) throws -> [String] {
        let items = layer.map { path, node in
            var item = UpperItem(path: path, node: node)
            item.isOpaque = opaque.contains(path)
            return item
        }
        let lower = LowerTree(
            node: { path throws(StepFailure) in image[path] },
            names: { path throws(StepFailure) in
                image.keys.filter { TreePath.parent($0) == path }.map(TreePath.name).sorted()
            }
        )
        return try LayerComparison.differences(items, lower: lower).map { "\($0.kind) \($0.path)" }
    }

    @Test("are added, changed and removed paths, by path, with the folders above them")
    func kinds() throws {
        #expect(try Self.list([]) == [])
        #expect(
            try Self.list([
                ("a", Self.folder(date: 9)), ("a/in", Self.gone), ("a/new", Self.file()),
                ("a/one", Self.file(2)), ("f", Self.gone), ("z", Self.folder()), ("z/y", Self.file()),
            ]) == [
                "changed /a", "removed /a/in", "added /a/new", "changed /a/one", "removed /f", "added /z",
                "added /z/y",
            ]
        )
    }

    @Test("leave out what was copied into the layer and is as before, and removals of nothing")
    func same() throws {
        let layer = [
            ("a", Self.folder(date: 9)), ("a/one", Self.file()), ("b", Self.folder()), ("gone", Self.gone),
        ]
        #expect(try Self.list(layer) == [])
    }

    @Test("see a mode, an owner, a size, a date and a kind")
    func attributes() throws {
        var owned = Self.file()
        owned.uid = 7
        for node in [Self.file(2), Self.file(1, 6), Self.file(mode: 0o600), owned, Self.folder()] {
            #expect(try Self.list([("f", node)]) == ["changed /f"])
        }
        #expect(try Self.list([("b", Self.folder(0o700))]) == ["changed /b"])
    }

    @Test("of a folder that replaced one are what it lacks of that, at each depth")
    func opaque() throws {
        #expect(
            try Self.list(
                [("a", Self.folder()), ("a/in", Self.folder()), ("a/n", Self.file())],
                opaque: ["a"]
            )
                == [
                    "changed /a", "changed /a/in", "removed /a/in/deep", "added /a/n", "removed /a/one",
                    "removed /a/two",
                ]
        )
        #expect(
            try Self.list([("f", Self.folder()), ("f/x", Self.file())], opaque: ["f"]) == [
                "changed /f", "added /f/x",
            ]
        )
    }
}
