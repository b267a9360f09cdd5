// SPDX-License-Identifier: Apache-2.0
// COPY, ADD and WORKDIR where BuildKit's rules decide: folders made on the way, their owners, folders that are
// there, wildcards that match nothing, archives over other kinds of files.

import ImageBuilder
import Glibc
import ImageStore
import Testing

@Suite struct BuildCopyRulesTests {
    static func bench() throws -> BuildBench {
        let bench = try BuildBench()
        try bench.write("a", "A")
        try bench.write("b", "B")
        try bench.write("package.json", "P")
        try bench.write("secret/in/f", "F")
        try bench.write("dir/sub/a", "S")
        try bench.write("p/a/x.json", "X")
        try bench.write("p/README", "R")
        try bench.write("base/app/sub/keep", "K")
        try bench.write("etc/passwd", "root:x:0:0::/:\napp:x:1000:1001::/home/app:\n")
        try bench.write("etc/group", "root:x:0:\napp:x:1001:\nus:x:44:\n")
        for (path, mode) in [
            ("", 0o700), ("secret", 0o700), ("secret/in", 0o700), ("dir/sub", 0o711), ("base/app", 0o770),
            ("base/app/sub", 0o777),
        ] as [(String, mode_t)] { chmod(bench.context + "/" + path, mode) }
        return bench
    }

    /// Instructions after FROM scratch, and the entries of the last layer.
    static let rules: [(String, [String])] = [
        ("COPY secret /new", ["new/ 755 0:0", "new/in/ 700 0:0", "new/in/f 644 0:0 = F"]),
        ("COPY secret /new/", ["new/ 755 0:0", "new/in/ 700 0:0", "new/in/f 644 0:0 = F"]),
        (
            "COPY --chmod=711 secret /n/new",
            ["n/ 755 0:0", "n/new/ 755 0:0", "n/new/in/ 711 0:0", "n/new/in/f 711 0:0 = F"]
        ),
        (
            "COPY --chown=5:6 secret /n/new",
            ["n/ 755 5:6", "n/new/ 755 5:6", "n/new/in/ 700 5:6", "n/new/in/f 644 5:6 = F"]
        ),
        ("COPY --chown=5:6 a /x/y/a", ["x/ 755 5:6", "x/y/ 755 5:6", "x/y/a 644 5:6 = A"]),
        ("COPY --chown=5:6 a /x/y/", ["x/ 755 5:6", "x/y/ 755 5:6", "x/y/a 644 5:6 = A"]),
        ("COPY --link --chown=5:6 a /x/y/", ["x/ 755 5:6", "x/y/ 755 5:6", "x/y/a 644 5:6 = A"]),
        ("ADD --chown=5:6 a /x/y/a", ["x/ 755 5:6", "x/y/ 755 5:6", "x/y/a 644 5:6 = A"]),
        ("COPY --chown=5:6 <<E /x/y\nD\nE", ["x/ 755 5:6", "x/y 644 5:6 = D\n"]),
        (
            "COPY --chown=5:6 --parents dir/sub/a /x/",
            ["x/ 755 5:6", "x/dir/ 755 5:6", "x/dir/sub/ 711 5:6", "x/dir/sub/a 644 5:6 = S"]
        ),
        ("COPY p/*/x.json /d/", ["d/ 755 0:0", "d/x.json 644 0:0 = X"]),
        ("COPY package.json yarn.lock* .npmrc* ./", ["package.json 644 0:0 = P"]),
        ("COPY nothing* */nothing /d/", []),
        ("COPY --parents nothing* /d/", []),
        ("COPY a b /d", ["d/ 755 0:0", "d/a 644 0:0 = A", "d/b 644 0:0 = B"]),
        ("COPY [ab] /d", ["d/ 755 0:0", "d/a 644 0:0 = A", "d/b 644 0:0 = B"]),
        (
            "COPY --chown=9:9 base /\nCOPY --chown=5:6 dir /app",
            ["app/sub/ 711 5:6", "app/sub/a 644 5:6 = S"]
        ),
        ("COPY --chown=9:9 base /\nCOPY dir /app/", ["app/sub/ 711 0:0", "app/sub/a 644 0:0 = S"]),
        ("COPY dir /app\nCOPY dir /app", ["app/sub/a 644 0:0 = S"]),
        ("USER 7\nWORKDIR /w/v", ["w/ 755 7:7", "w/v/ 755 7:7"]),
        ("USER 7:8\nWORKDIR /w", ["w/ 755 7:8"]),
        ("COPY etc /etc\nUSER app\nWORKDIR /w", ["w/ 755 1000:1001"]),
        ("COPY etc /etc\nUSER app:us\nWORKDIR /etc/w", ["etc/w/ 755 1000:44"]),
        ("COPY etc /etc\nUSER unknown\nWORKDIR /w", ["w/ 755 0:0"]),
        ("USER 7\nCOPY a /x/a", ["x/ 755 0:0", "x/a 644 0:0 = A"]),
    ]

    @Test("folders, owners and wildcards are as BuildKit has them", arguments: rules)
    func rule(text: String, expected: [String]) async throws {
        let bench = try Self.bench()
        let digest = try await bench.build("FROM scratch\n" + text + "\n")
        #expect(try await bench.layers(digest).last ?? [] == expected)
    }

    @Test("the whole context into a new folder leaves that readable, whatever the context's own mode")
    func wholeContext() async throws {
        let bench = try Self.bench()
        let digest = try await bench.build("FROM scratch\nCOPY . /app\n")
        #expect(try await bench.entries(digest).first == "app/ 755 0:0")
    }

    @Test("a wildcard that matches nothing is a warning, a plain name that is missing is an error")
    func unmatched() async throws {
        let bench = try Self.bench()
        try await bench.build("FROM scratch\nCOPY package.json yarn.lock* ./\n")
        #expect(bench.events.warnings == ["'yarn.lock*' matches no file in the build context"])
        let failure = try await bench.failure("FROM scratch\nCOPY package.json nothing ./\n")
        #expect(failure?.contains("'nothing' matches no file in the build context") == true)
    }

    @Test("files of a stage and of an image keep their owners, unless --chown gives others")
    func stageOwners() async throws {
        let bench = try Self.bench()
        let text = """
            FROM scratch AS s
            COPY --chown=5:6 secret /q/s
            FROM scratch
            COPY --from=s /q/s/in/f /x/f
            COPY --from=s /q /r
            COPY --from=s --chown=3:4 /q/s /t
            """
        let layers = try await bench.layers(try await bench.build(text))
        #expect(
            layers == [
                ["x/ 755 0:0", "x/f 644 5:6 = F"],
                ["r/ 755 0:0", "r/s/ 755 5:6", "r/s/in/ 700 5:6", "r/s/in/f 644 5:6 = F"],
                ["t/ 755 3:4", "t/in/ 700 3:4", "t/in/f 644 3:4 = F"],
            ]
        )
    }

    @Test("a file never takes a folder's place by COPY, nor a folder that of a file or a link")
    func copyClashes() async throws {
        let bench = try Self.bench()
        try bench.write("file/sub", "")
        bench.link("linked", to: "nothing")
        try bench.write("links/keep", "")
        bench.link("links/sub", to: "/elsewhere")
        for other in ["file", "links"] {
            let failure = try await bench.failure("FROM scratch\nCOPY \(other) /d\nCOPY dir /d\n")
            #expect(
                failure?.contains("'/d/sub' in the image is not a folder") == true,
                "\(failure ?? "built")"
            )
        }
        let failure = try await bench.failure("FROM scratch\nCOPY dir /d\nCOPY file /d\n")
        #expect(failure?.contains("'/d/sub' in the image is a folder") == true, "\(failure ?? "built")")
    }

    // MARK: Archives

    private static func tar(_ fill: (inout RawTar) -> Void) -> [UInt8] {
        var tar = RawTar()
        fill(&tar)
        return tar.finished
    }

    /// What is at `x` before, which archive comes, and the entries of its layer.
    static let replacements: [(String, String, [String])] = [
        ("link", "folder.tar", ["x/ 755 0:0", "x/i 644 0:0 = I"]),
        ("folder", "folder.tar", ["x/ 755 0:0", "x/i 644 0:0 = I"]),
        ("file", "folder.tar", ["x/ 755 0:0", "x/i 644 0:0 = I"]),
        ("link", "file.tar", ["x 644 0:0 = X"]), ("folder", "file.tar", ["x 644 0:0 = X"]),
        ("folder", "link.tar", ["x 777 0:0 -> /elsewhere"]),
        ("file", "link.tar", ["x 777 0:0 -> /elsewhere"]),
        ("link", "implied.tar", ["real/y/ 755 0:0", "real/y/i 644 0:0 = I"]),
        ("folder", "implied.tar", ["x/y/ 755 0:0", "x/y/i 644 0:0 = I"]),
    ]

    static func archives() throws -> BuildBench {
        let bench = try BuildBench()
        try bench.write("base/real/old", "O")
        try bench.write("folder/x/old", "O")
        try bench.write("file/x", "O")
        try bench.write("link/keep", "")
        bench.link("link/x", to: "/real")
        for (name, bytes) in [
            (
                "folder.tar",
                tar {
                    $0.add("x/", .directory, mode: 0o755)
                    $0.add("x/i", content: "I")
                }
            ), ("file.tar", tar { $0.add("x", content: "X") }),
            ("link.tar", tar { $0.add("x", .symbolicLink, link: "/elsewhere") }),
            ("implied.tar", tar { $0.add("x/y/i", content: "I") }),
            (
                "twice.tar",
                tar {
                    $0.add("x/", .directory, mode: 0o755)
                    $0.add("x/i", content: "I")
                    $0.add("x", content: "X")
                }
            ),
        ] { try bench.scratch.write(bytes, to: "context/" + name) }
        return bench
    }

    @Test("an archive's entry replaces what is of another kind", arguments: replacements)
    func replaced(before: String, archive: String, expected: [String]) async throws {
        let bench = try Self.archives()
        let text = "FROM scratch\nCOPY base \(before) /\nADD \(archive) /\n"
        let digest = try await bench.build(text)
        #expect(try await bench.layers(digest).last == expected)
        // Also where the tree below is an unpacked one.
        try await bench.build("FROM scratch\nCOPY base \(before) /\n") { $0.tag = "base" }
        let upon = try await bench.build("FROM base\nADD \(archive) /\n")
        #expect(try await bench.layers(upon).last == expected)
        _ = try await bench.store.rootfs(for: upon)
    }

    @Test("what an archive replaced is gone for later steps, and what follows goes into the new folder")
    func afterwards() async throws {
        let bench = try Self.archives()
        try await bench.build("FROM scratch\nCOPY base folder /\n") { $0.tag = "base" }
        try bench.write("new", "N")
        let text = "FROM base\nADD file.tar /\nADD folder.tar /\nCOPY new /x/\nCOPY folder /\n"
        let digest = try await bench.build(text)
        #expect(
            try await bench.layers(digest).suffix(2) == [["x/new 644 0:0 = N"], ["x/old 644 0:0 = O"]]
        )
        #expect(try await bench.file("x/old", in: digest) == "O")
        let gone = try await bench.build("FROM base\nADD file.tar /\nADD folder.tar /\n")
        #expect(try await bench.file("x/old", in: gone) == nil)
        #expect(try await bench.file("x/i", in: gone) == "I")
    }

    @Test("a later entry of the same archive replaces an earlier folder with what was in it")
    func withinOneArchive() async throws {
        let bench = try Self.archives()
        let digest = try await bench.build("FROM scratch\nADD twice.tar /t/\n")
        #expect(try await bench.entries(digest) == ["t/ 755 0:0", "t/x 644 0:0 = X"])
    }

    @Test("folders that an archive only implies are made, and a file in their place is refused")
    func implied() async throws {
        let bench = try Self.archives()
        let digest = try await bench.build("FROM scratch\nADD --chown=5:6 implied.tar /t\n")
        let folders = try await bench.entries(digest).dropLast()
        #expect(Array(folders) == ["t/ 755 5:6", "t/x/ 755 0:0", "t/x/y/ 755 0:0"])
        let failure = try await bench.failure("FROM scratch\nCOPY file /\nADD implied.tar /\n")
        #expect(failure?.contains("'/x' in the image is not a folder") == true, "\(failure ?? "built")")
    }
}
