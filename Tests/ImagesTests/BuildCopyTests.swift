// SPDX-License-Identifier: Apache-2.0
// COPY: where files go, what they become, what is left out, and what is refused.

import ImageBuilder
import Glibc
import ImageStore
import Testing

@Suite struct BuildCopyTests {
    static func bench() throws -> BuildBench {
        let bench = try BuildBench()
        try bench.write("a.txt", "A")
        try bench.write("b.txt", "B", mode: 0o600)
        try bench.write("dir/x", "X", mode: 0o755)
        try bench.write("dir/sub/y", "Y")
        bench.link("link", to: "a.txt")
        bench.link("dir/l", to: "x")
        return bench
    }

    /// Instructions after FROM scratch, and the entries of all layers.
    static let placements: [(String, [String])] = [
        ("COPY a.txt /", ["a.txt 644 0:0 = A"]),
        ("COPY a.txt /t", ["t 644 0:0 = A"]),
        ("COPY a.txt /t/", ["t/ 755 0:0", "t/a.txt 644 0:0 = A"]),
        ("COPY a.txt t/u/", ["t/ 755 0:0", "t/u/ 755 0:0", "t/u/a.txt 644 0:0 = A"]),
        ("COPY a.txt b.txt /t/", ["t/ 755 0:0", "t/a.txt 644 0:0 = A", "t/b.txt 600 0:0 = B"]),
        ("COPY *.txt /t/", ["t/ 755 0:0", "t/a.txt 644 0:0 = A", "t/b.txt 600 0:0 = B"]),
        ("COPY ?.tx[s-u] /t/", ["t/ 755 0:0", "t/a.txt 644 0:0 = A", "t/b.txt 600 0:0 = B"]),
        ("COPY d*/s*/y /t", ["t 644 0:0 = Y"]),
        (
            "COPY dir /t",
            ["t/ 755 0:0", "t/l 777 0:0 -> x", "t/sub/ 755 0:0", "t/sub/y 644 0:0 = Y", "t/x 755 0:0 = X"]
        ),
        ("COPY dir/sub /", ["y 644 0:0 = Y"]),
        // A named link is followed, one within a folder is copied.
        ("COPY link /t", ["t 644 0:0 = A"]),
        ("COPY link /t/", ["t/ 755 0:0", "t/link 644 0:0 = A"]),
        ("COPY ../../a.txt /t", ["t 644 0:0 = A"]),
        ("COPY /a.txt /t", ["t 644 0:0 = A"]),
        ("COPY --chown=5:6 --chmod=751 a.txt /t", ["t 751 5:6 = A"]),
        ("COPY --chown=5 a.txt /t", ["t 644 5:5 = A"]),
        ("COPY --chmod=u+x,go= a.txt /t", ["t 700 0:0 = A"]),
        (
            "COPY --chmod=a=rX dir /t/",
            ["t/ 755 0:0", "t/l 777 0:0 -> x", "t/sub/ 555 0:0", "t/sub/y 444 0:0 = Y", "t/x 555 0:0 = X"]
        ),
        ("COPY --exclude=l --exclude=**/y dir /t/", ["t/ 755 0:0", "t/sub/ 755 0:0", "t/x 755 0:0 = X"]),
        (
            "COPY --parents dir/sub/y /t/",
            ["t/ 755 0:0", "t/dir/ 755 0:0", "t/dir/sub/ 755 0:0", "t/dir/sub/y 644 0:0 = Y"]
        ),
        ("COPY --parents dir/./sub/y /t/", ["t/ 755 0:0", "t/sub/ 755 0:0", "t/sub/y 644 0:0 = Y"]),
        ("WORKDIR /w\nCOPY a.txt .", ["w/ 755 0:0", "w/a.txt 644 0:0 = A"]),
        ("WORKDIR /w\nWORKDIR v\nCOPY a.txt t", ["w/ 755 0:0", "w/v/ 755 0:0", "w/v/t 644 0:0 = A"]),
        ("USER 7\nCOPY a.txt /t", ["t 644 0:0 = A"]),
        ("ENV d=/t\nCOPY a.txt ${d}/", ["t/ 755 0:0", "t/a.txt 644 0:0 = A"]),
        ("COPY [\"a.txt\", \"/a b\"]", ["a b 644 0:0 = A"]),
        ("COPY a.txt /t\nCOPY b.txt /t", ["t 644 0:0 = A", "t 600 0:0 = B"]),
        ("COPY dir/sub /t\nCOPY a.txt /t", ["t/ 755 0:0", "t/y 644 0:0 = Y", "t/a.txt 644 0:0 = A"]),
        ("COPY <<E /t\nhi $HOME\nE", ["t 644 0:0 = hi \n"]),
        (
            "ENV n=1\nCOPY <<\"E\" <<F /t/\n$n\nE\n$n\nF",
            ["t/ 755 0:0", "t/E 644 0:0 = $n\n", "t/F 644 0:0 = 1\n"]
        ),
        ("ADD a.txt /t/", ["t/ 755 0:0", "t/a.txt 644 0:0 = A"]),
    ]

    @Test("files arrive where the reference says, as it says", arguments: placements)
    func placement(text: String, expected: [String]) async throws {
        let bench = try Self.bench()
        #expect(try await bench.entries(bench.build("FROM scratch\n" + text + "\n")) == expected)
    }

    /// Instructions on line 2, and what the error says.
    static let refusals: [(String, String)] = [
        ("COPY nothing /", "Dockerfile:2: COPY nothing /: 'nothing' matches no file in the build context"),
        ("COPY a.txt/x /t", "'a.txt/x' matches no file"),
        ("COPY [a /t", "'[a': expected a pattern"),
        ("COPY --chmod=999 a.txt /t", "'--chmod=999': expected an octal mode"),
        ("COPY --chmod=u? a.txt /t", "'--chmod=u?': expected"),
        ("COPY --chown=nobody a.txt /t", "'nobody' is not in /etc/passwd"),
        ("COPY --chown=a:b:c a.txt /t", "'--chown=a:b:c': expected user or user:group"),
        ("COPY --from=nowhere a.txt /t", "no earlier stage and no image is named 'nowhere'"),
        ("COPY $nothing /t", "'$nothing': expected a source"),
        ("COPY a.txt $nothing", "'$nothing': expected a destination"),
        ("COPY ${a:?tell} /t", "tell"),
        ("ADD --checksum=sha256:00 http://x/a /t", "'--checksum=sha256:00': expected sha256:"),
        ("ADD --checksum=sha256:\(String(repeating: "0", count: 64)) a.txt /t", "'a.txt': expected a URL"),
        ("WORKDIR $nothing", "'$nothing': expected a path"),
    ]

    @Test("a file that cannot be copied is reported with line and name", arguments: refusals)
    func refusal(text: String, expected: String) async throws {
        let bench = try Self.bench()
        let failure = try await bench.failure("FROM scratch\n" + text + "\n")
        #expect(failure?.hasPrefix("Dockerfile:2: ") == true)
        #expect(failure?.contains(expected) == true, "\(failure ?? "")")
    }

    @Test("a file and a folder cannot take each other's place")
    func clashes() async throws {
        let bench = try Self.bench()
        let under = try await bench.failure("FROM scratch\nCOPY a.txt /t\nCOPY b.txt /t/\n")
        #expect(
            under?.contains("Dockerfile:3: COPY b.txt /t/: '/t/' in the image is not a folder") == true,
            "\(under ?? "")"
        )
        let over = try await bench.failure("FROM scratch\nCOPY dir /t\nCOPY a.txt /u/sub\nCOPY u /t\n")
        #expect(over?.contains("'u' matches no file") == true)
        try bench.write("other/sub", "file")
        let replaced = try await bench.failure("FROM scratch\nCOPY dir /t\nCOPY other /t\n")
        #expect(replaced?.contains("'/t/sub' in the image is a folder") == true, "\(replaced ?? "")")
    }

    @Test("what .dockerignore excludes is not there, also as a named source")
    func ignored() async throws {
        let bench = try Self.bench()
        try bench.write(".dockerignore", "*.txt\n!b.txt\ndir/sub\n!dir/sub/keep\n.dockerignore\nDockerfile\n")
        try bench.write("dir/sub/keep", "K")
        let digest = try await bench.build("FROM scratch\nCOPY . /t/\n")
        #expect(
            try await bench.entries(digest) == [
                "t/ 755 0:0", "t/b.txt 600 0:0 = B", "t/dir/ 755 0:0", "t/dir/l 777 0:0 -> x",
                "t/dir/sub/ 755 0:0", "t/dir/sub/keep 644 0:0 = K", "t/dir/x 755 0:0 = X",
                "t/link 777 0:0 -> a.txt",
            ]
        )
        let named = try await bench.failure("FROM scratch\nCOPY a.txt /t\n")
        #expect(named?.contains("'a.txt' is excluded by .dockerignore") == true)
        let through = try await bench.failure("FROM scratch\nCOPY link /t\n")
        #expect(through?.contains("'link' is excluded by .dockerignore") == true)
    }

    @Test("the rules beside a Dockerfile go before those of the context")
    func ownRules() async throws {
        let bench = try Self.bench()
        try bench.write(".dockerignore", "a.txt\n")
        try bench.write("other.Dockerfile", "FROM scratch\nCOPY *.txt /\n")
        try bench.write("other.Dockerfile.dockerignore", "b.txt\n")
        let digest = try await bench.build { $0.dockerfilePath = "other.Dockerfile" }
        #expect(try await bench.entries(digest) == ["a.txt 644 0:0 = A"])
    }

    @Test("links in the image's own tree are followed within it, and never out of it")
    func destinationLinks() async throws {
        let bench = try Self.bench()
        try bench.write("tree/real/keep", "")
        bench.link("tree/short", to: "real")
        bench.link("tree/out", to: "../../../../tmp")
        bench.link("tree/loop", to: "loop")
        let digest = try await bench.build(
            "FROM scratch\nCOPY tree /\nCOPY a.txt /short/\nCOPY b.txt /out/\nCOPY a.txt /short/deep/t\n"
        )
        let entries = try await bench.entries(digest).suffix(5)
        #expect(
            Array(entries) == [
                "real/a.txt 644 0:0 = A", "tmp/ 755 0:0", "tmp/b.txt 600 0:0 = B", "real/deep/ 755 0:0",
                "real/deep/t 644 0:0 = A",
            ]
        )
        let linked = try await bench.build("FROM scratch\nCOPY tree /\nCOPY --link a.txt /short/\n")
        #expect(try await bench.entries(linked).suffix(2) == ["short/ 755 0:0", "short/a.txt 644 0:0 = A"])
        let loop = try await bench.failure("FROM scratch\nCOPY tree /\nCOPY a.txt /loop/\n")
        #expect(loop?.contains("links refer to each other") == true)
    }

    @Test("owners are looked up in the stage's own files")
    func owners() async throws {
        let bench = try Self.bench()
        try bench.write("passwd", "root:x:0:0::/:\nme:x:42:43::/:/bin/sh\n")
        try bench.write("group", "us:x:44:\n")
        let digest = try await bench.build(
            """
            FROM scratch
            COPY passwd group /etc/
            COPY --chown=me a.txt /1
            COPY --chown=me:us a.txt /2
            COPY --chown=7:us a.txt /3
            """
        )
        #expect(
            try await bench.entries(digest).suffix(3) == [
                "1 644 42:43 = A", "2 644 42:44 = A", "3 644 7:44 = A",
            ]
        )
    }

    @Test("fifos are kept, sockets are left out, devices are refused")
    func specialFiles() async throws {
        let bench = try Self.bench()
        mkfifo(bench.context + "/dir/fifo", 0o644)
        let digest = try await bench.build(
            "FROM scratch\nCOPY --exclude=sub --exclude=l --exclude=x dir /t\n"
        )
        #expect(try await bench.entries(digest) == ["t/ 755 0:0", "t/fifo 644 0:0"])
        guard mknod(bench.context + "/dir/null", S_IFCHR | 0o666, 0x103) == 0 else { return }
        let failure = try await bench.failure("FROM scratch\nCOPY dir /t\n")
        #expect(failure?.contains("'dir/null': it is a device") == true, "\(failure ?? "")")
    }
}
