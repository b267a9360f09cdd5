// SPDX-License-Identifier: Apache-2.0
// Following links within a tree.

import Testing

@testable import ImageBuilder
@testable import ImageStore

@Suite struct BuildTreeResolverTests {
    /// A tree: folders, files, and links with their targets.
    static let nodes: [String: TreeNode.Kind] = [
        "": .directory, "a": .directory, "a/b": .directory, "a/b/f": .file, "f": .file, "a/f": .file,
        "a/abs": .symbolicLink(target: "/a/b"), "a/rel": .symbolicLink(target: "b"),
        "a/b/up": .symbolicLink(target: "../../../../f"), "a/b/file": .symbolicLink(target: "/f"),
        "a/chain": .symbolicLink(target: "rel/up"), "a/gone": .symbolicLink(target: "/nothing/there"),
        "a/loop": .symbolicLink(target: "loop"), "a/self": .symbolicLink(target: "."),
    ]

    static func resolve(_ path: String, followsLast: Bool = true) throws(StepFailure) -> ResolvedPath {
        try TreeResolver.resolve(path, followsLast: followsLast) { path in
            nodes[path].map { TreeNode(kind: $0, mode: 0o755) }
        }
    }

    /// A path, where it leads, and whether something is there.
    static let table: [(String, String, Bool)] = [
        ("", "", true), ("/", "", true), ("a/b/f", "a/b/f", true), ("/a//./b/f", "a/b/f", true),
        ("a/abs/f", "a/b/f", true), ("a/rel/f", "a/b/f", true), ("a/b/up", "f", true),
        ("a/b/file", "f", true),
        ("a/chain", "f", true), ("a/gone", "nothing/there", false), ("a/gone/x", "nothing/there/x", false),
        ("x/y", "x/y", false), ("../../f", "f", true), ("a/rel/../f", "a/f", true),
        ("a/self/self/b", "a/b", true),
        ("a/abs/../../../f", "f", true), ("x/../f", "f", true),
    ]

    @Test("a path leads where it would lead if the tree's root were the root", arguments: table)
    func leads(path: String, expected: String, isThere: Bool) throws {
        let resolved = try Self.resolve(path)
        #expect(resolved.path == expected)
        #expect((resolved.node != nil) == isThere)
    }

    @Test("the last link is returned itself when it is not to be followed")
    func lastLink() throws {
        #expect(try Self.resolve("a/abs", followsLast: false).path == "a/abs")
        #expect(try Self.resolve("a/abs/file", followsLast: false).path == "a/b/file")
    }

    @Test("links in a circle and files where folders are needed are errors")
    func failures() {
        #expect(throws: StepFailure.self) { try Self.resolve("a/loop") }
        #expect(throws: StepFailure.destinationOccupied("/f")) { try Self.resolve("a/b/file/x") }
    }
}
