// SPDX-License-Identifier: Apache-2.0
// Hostile contexts: whatever they try, nothing outside of the context is read.

import Glibc
import ImageBuilder
import Testing

@Suite struct BuildEscapeTests {
    /// A context beside a file that must not be read.
    static func bench() throws -> BuildBench {
        let bench = try BuildBench()
        try bench.scratch.write("secret", to: "secret")
        try bench.write("in/inside", "inside")
        bench.link("up", to: "../secret")
        bench.link("absolute", to: bench.scratch.path + "/secret")
        bench.link("folder", to: "..")
        bench.link("root", to: "/")
        bench.link("magic", to: "/proc/self/root" + bench.scratch.path)
        bench.link("in/deep", to: "../../secret")
        return bench
    }

    static let attempts = [
        "COPY ../secret /t", "COPY /../secret /t", "COPY in/../../secret /t", "COPY up /t",
        "COPY absolute /t",
        "COPY folder/secret /t", "COPY root/etc/hostname /t", "COPY magic/secret /t", "COPY in/deep /t",
        "ADD up /t", "COPY --parents folder/secret /t/",
        "COPY --parents up /t/",
        "COPY [\"../secret\", \"/t\"]", "COPY --exclude=x folder/../../secret /t",
    ]

    @Test("a source that leads out of the context finds nothing", arguments: attempts)
    func source(text: String) async throws {
        let bench = try Self.bench()
        let failure = try await bench.failure("FROM scratch\n" + text + "\n")
        #expect(failure?.contains("matches no file in the build context") == true, "\(failure ?? "built")")
    }

    @Test(
        "a pattern that leads out of the context matches nothing",
        arguments: ["u*", "f*/secret", "[r]oot/etc"]
    )
    func pattern(text: String) async throws {
        let bench = try Self.bench()
        let digest = try await bench.build("FROM scratch\nCOPY \(text) /t/\n")
        #expect(try await bench.entries(digest) == [])
    }

    @Test("a folder with links that lead out is copied as links")
    func folder() async throws {
        let bench = try Self.bench()
        let entries = try await bench.entries(bench.build("FROM scratch\nCOPY . /t/\n"))
        #expect(entries.contains("t/up 777 0:0 -> ../secret"))
        #expect(!entries.contains { $0.hasSuffix("= secret") })
    }

    @Test("a folder link leads back into the context, not above it")
    func aboveIsRoot() async throws {
        let bench = try Self.bench()
        let entries = try await bench.entries(bench.build("FROM scratch\nCOPY folder/in/inside /t\n"))
        #expect(entries == ["t 644 0:0 = inside"])
    }

    @Test("a Dockerfile or .dockerignore that is a link out of the context is not read")
    func controlFiles() async throws {
        let bench = try Self.bench()
        bench.link("Dockerfile", to: "../secret")
        let dockerfile = await #expect(throws: BuildError.self) { try await bench.build() }
        #expect(dockerfile == .noDockerfile(path: bench.context + "/Dockerfile"))
        bench.link(".dockerignore", to: "../secret")
        unlink(bench.context + "/Dockerfile")
        try bench.write("Dockerfile", "FROM scratch\nCOPY in /t\n")
        _ = try await bench.build()
    }

    @Test("a link in another stage leads back into that stage")
    func stages() async throws {
        let bench = try Self.bench()
        let failure = try await bench.failure(
            "FROM scratch AS a\nCOPY . /t/\nFROM scratch\nCOPY --from=a /t/absolute /x\n"
        )
        #expect(
            failure?.contains("'/t/absolute' matches no file in stage 'a'") == true,
            "\(failure ?? "built")"
        )
    }

    /// Names of archive members, or targets of their links, that lead out.
    static let members: [(String, @Sendable (inout RawTar) -> Void)] = [
        ("a name that climbs", { $0.add("../../secret", content: "x") }),
        ("a name that climbs from within", { $0.add("a/../../secret", content: "x") }),
        ("a hard link to what is not in it", { $0.add("x", .hardLink, link: "../secret") }),
        ("a device", { $0.add("x", .characterDevice) }),
    ]

    @Test("an archive with a member that leads out, or is a device, is refused whole", arguments: members)
    func archive(name: String, add: @Sendable (inout RawTar) -> Void) async throws {
        let bench = try Self.bench()
        var tar = RawTar()
        tar.add("good", content: "good")
        add(&tar)
        try bench.scratch.write(tar.finished, to: "context/x.tar")
        let failure = try await bench.failure("FROM scratch\nADD x.tar /t/\n")
        #expect(failure?.contains("archive 'x.tar': entry") == true, "\(failure ?? "built")")
    }

    @Test("a member behind a link of the archive is placed by the tree, not by the host")
    func linkThenMember() async throws {
        let bench = try Self.bench()
        var tar = RawTar()
        tar.add("l", .symbolicLink, link: bench.scratch.path)
        tar.add("l/secret", content: "changed")
        try bench.scratch.write(tar.finished, to: "context/x.tar")
        _ = try await bench.failure("FROM scratch\nADD x.tar /t/\n")
        #expect(bench.scratch.read("secret") == "secret")
    }
}
