// SPDX-License-Identifier: Apache-2.0
// Where `faasctl cp` puts what it copies: the table of Docker's documentation, line by line.

import Testing

@testable import faasctl

@Suite("The destination of a copy")
struct CopyTargetTests {
    private static func path(_ source: String, isFolder: Bool, _ target: String, _ there: CopyKind) -> String?
    {
        do throws(CopyTarget.Refusal) {
            return try CopyTarget.path(of: source, isFolder: isFolder, to: target, there: there)
        } catch {
            return nil
        }
    }

    @Test(
        "of a file",
        arguments: [
            ("a/f", "x", CopyKind.none, "x"), ("a/f", "x/", .none, nil), ("a/f", "x", .file, "x"),
            ("a/f", "x/", .file, nil), ("a/f", "x", .folder, "x/f"), ("a/f", "x/", .folder, "x/f"),
            ("f", "/", .folder, "/f"), ("f/", "x", .none, nil),
        ] as [(String, String, CopyKind, String?)]
    )
    func files(source: String, target: String, there: CopyKind, expected: String?) {
        #expect(Self.path(source, isFolder: false, target, there) == expected)
    }

    @Test(
        "of a folder: itself into one that is there, its content with a dot",
        arguments: [
            ("a/d", "x", CopyKind.none, "x"), ("a/d", "x/", .none, "x"), ("a/d", "x", .file, nil),
            ("a/d", "x", .folder, "x/d"), ("a/d/", "x", .folder, "x/d"), ("a/d/.", "x", .folder, "x"),
            ("a/d/.", "x/", .none, "x"), (".", "x", .folder, "x"), ("/", "x", .folder, "x"),
        ] as [(String, String, CopyKind, String?)]
    )
    func folders(source: String, target: String, there: CopyKind, expected: String?) {
        #expect(Self.path(source, isFolder: true, target, there) == expected)
    }

    @Test("is a container's with a colon, unless it begins as a path does")
    func places() {
        #expect(CopyPlace("box:/etc/x") == .container(id: "box", path: "/etc/x"))
        #expect(CopyPlace("box:etc/x") == .container(id: "box", path: "/etc/x"))
        #expect(CopyPlace("./a:b") == .local("./a:b") && CopyPlace("/a:b") == .local("/a:b"))
        #expect(CopyPlace("a") == .local("a") && CopyPlace("-") == .stream && CopyPlace(":x") == .local(":x"))
    }
}
