// SPDX-License-Identifier: Apache-2.0
// Dockerfiles and the plans they become.

import Testing

@testable import ImageBuilder

@Suite struct DockerfileParserTests {
    /// The instructions of the only stage.
    static func instructions(_ text: String) throws -> [Instruction] {
        let dockerfile = try Dockerfile(parsing: "FROM scratch\n" + text)
        #expect(dockerfile.stages.count == 1)
        return dockerfile.stages[0].steps.map(\.instruction)
    }

    static func heredoc(_ name: String, _ content: String, expands: Bool = true, tabs: Bool = false)
        -> Heredoc
    {
        Heredoc(name: name, content: content, expands: expands, stripsTabs: tabs)
    }

    static func copy(
        _ sources: [String],
        _ destination: String,
        _ change: (inout CopyInstruction) -> Void = { _ in }
    ) -> CopyInstruction {
        var copy = CopyInstruction(sources: sources, destination: destination)
        change(&copy)
        return copy
    }

    static func run(
        _ command: CommandForm,
        _ change: (inout RunInstruction) -> Void = { _ in }
    ) -> RunInstruction {
        var run = RunInstruction(command: command)
        change(&run)
        return run
    }

    static let golden: [(String, Instruction)] = [
        (
            "ARG a b=c d=\"e f\"",
            .argument([
                ArgumentDeclaration(name: "a"), ArgumentDeclaration(name: "b", defaultValue: "c"),
                ArgumentDeclaration(name: "d", defaultValue: "\"e f\""),
            ])
        ),
        (
            "ENV a=b c=\"d e\" f=g\\ h",
            .environment([
                NamedValue("a", "b"), NamedValue("c", "\"d e\""), NamedValue("f", "g\\ h"),
            ])
        ),
        ("ENV a b c=d", .environment([NamedValue("a", "b c=d")])),
        ("env lower=case", .environment([NamedValue("lower", "case")])),
        ("LABEL \"a b\"=c", .label([NamedValue("\"a b\"", "c")])),
        ("COPY a b /c/", .copy(copy(["a", "b"], "/c/"))),
        ("COPY [\"a b\", \"c d\"]", .copy(copy(["a b"], "c d"))),
        (
            "COPY --from=x --chown=1:2 --chmod=755 --link --parents --exclude=*.o --exclude=b a /b",
            .copy(
                copy(["a"], "/b") {
                    $0.from = "x"
                    $0.owner = "1:2"
                    $0.mode = "755"
                    $0.link = true
                    $0.parents = true
                    $0.excludes = ["*.o", "b"]
                }
            )
        ),
        ("COPY --link=false a b", .copy(copy(["a"], "b"))),
        (
            "ADD --checksum=sha256:ab --unpack=false --keep-git-dir https://x/y /z",
            .add(
                copy(["https://x/y"], "/z") {
                    $0.checksum = "sha256:ab"
                    $0.unpack = false
                    $0.keepGitDirectory = true
                }
            )
        ),
        (
            "COPY <<a <<\"b\" /c/\nA$x\na\nB$x\nb",
            .copy(
                copy([], "/c/") {
                    $0.heredocs = [heredoc("a", "A$x\n"), heredoc("b", "B$x\n", expands: false)]
                }
            )
        ),
        ("RUN echo  a", .run(run(.shell("echo  a")))),
        ("RUN [\"echo\", \"a\"]", .run(run(.exec(["echo", "a"])))),
        (
            "RUN --network=none --security=sandbox --mount=type=tmpfs,target=/t --mount=type=cache,target=/c x",
            .run(
                run(.shell("x")) {
                    $0.network = RunNetwork.none
                    $0.security = .sandbox
                    $0.mounts = ["type=tmpfs,target=/t", "type=cache,target=/c"]
                }
            )
        ),
        (
            "RUN <<-E cat\n\ta\n\t\tE\n",
            .run(
                run(.shell("<<-E cat")) {
                    $0.heredocs = [heredoc("E", "a\n", tabs: true)]
                }
            )
        ),
        (
            "RUN cat << EOF > /d\nx\nEOF",
            .run(run(.shell("cat << EOF > /d")) { $0.heredocs = [heredoc("EOF", "x\n")] })
        ),
        (
            "RUN <<-  E\n\ta\n\tE",
            .run(run(.shell("<<-  E")) { $0.heredocs = [heredoc("E", "a\n", tabs: true)] })
        ),
        (
            "RUN 3<< -E 4<< 'F G'\na\n-E\nb\nF G",
            .run(
                run(.shell("3<< -E 4<< 'F G'")) {
                    $0.heredocs = [heredoc("-E", "a\n"), heredoc("F G", "b\n", expands: false)]
                }
            )
        ),
        (
            "COPY << a <<'b c' /d/\nA\na\nB\nb c",
            .copy(
                copy([], "/d/") {
                    $0.heredocs = [heredoc("a", "A\n"), heredoc("b c", "B\n", expands: false)]
                }
            )
        ),
        (
            "RUN <<eo\\'f\nx\neo'f",
            .run(run(.shell("<<eo\\'f")) { $0.heredocs = [heredoc("eo'f", "x\n")] })
        ),
        ("ONBUILD COPY << E /x\n1\nE", .onBuild("COPY << E /x\n1\nE")),
        ("ONBUILD LABEL a=b <<c=d", .onBuild("LABEL a=b <<c=d")),
        // A shift, and a here-string of other shells.
        ("RUN echo $((1 << 3)) $(( x <<y ))", .run(run(.shell("echo $((1 << 3)) $(( x <<y ))")))),
        ("RUN cat <<< word", .run(run(.shell("cat <<< word")))),
        ("RUN cat <<", .run(run(.shell("cat <<")))),
        ("RUN a \\\n  # gone\n\n  b", .run(run(.shell("a   b")))),
        ("CMD ['a']", .command(.shell("['a']"))),
        ("CMD [\"a\"] b", .command(.shell("[\"a\"] b"))),
        ("CMD []", .command(.exec([]))),
        ("ENTRYPOINT [\"\\u0041\", \"\\\"\"]", .entrypoint(.exec(["A", "\""]))),
        ("SHELL [\"/bin/bash\", \"-c\"]", .shell(["/bin/bash", "-c"])),
        ("WORKDIR a b", .workingDirectory("a b")),
        ("USER me:us", .user("me:us")),
        ("EXPOSE 80 81/udp", .expose(["80", "81/udp"])),
        ("VOLUME [\"/a b\"]", .volume(["/a b"])),
        ("VOLUME /a /b", .volume(["/a", "/b"])),
        ("STOPSIGNAL SIGINT", .stopSignal("SIGINT")),
        ("HEALTHCHECK NONE", .healthcheck(HealthcheckInstruction())),
        (
            "HEALTHCHECK --interval=1m30s --timeout=1.5s --retries=3 CMD [\"a\"]",
            .healthcheck(
                HealthcheckInstruction(
                    command: .exec(["a"]),
                    intervalNanoseconds: 90_000_000_000,
                    timeoutNanoseconds: 1_500_000_000,
                    retries: 3
                )
            )
        ),
        ("ONBUILD copy a b", .onBuild("COPY a b")),
        ("ONBUILD RUN <<E\nx\nE", .onBuild("RUN <<E\nx\nE")),
        ("MAINTAINER Me <me@x>", .maintainer("Me <me@x>")),
    ]

    @Test("every instruction becomes its value", arguments: golden)
    func instruction(text: String, expected: Instruction) throws {
        #expect(try Self.instructions(text) == [expected])
    }

    @Test("stages have names, bases, platforms and their steps; arguments before the first are global")
    func stages() throws {
        let dockerfile = try Dockerfile(
            parsing: """
                ARG V=1
                FROM --platform=$BUILDPLATFORM base:$V AS Build
                RUN a
                FROM scratch
                COPY --from=build /a /b
                """
        )
        #expect(dockerfile.globalArguments == [ArgumentDeclaration(name: "V", defaultValue: "1")])
        #expect(dockerfile.stages.map(\.name) == ["build", nil])
        #expect(dockerfile.stages.map(\.base) == ["base:$V", "scratch"])
        #expect(dockerfile.stages.map(\.platform) == ["$BUILDPLATFORM", nil])
        #expect(dockerfile.stages.map(\.line) == [2, 4])
        #expect(dockerfile.stages.map(\.steps.count) == [1, 1])
        #expect(dockerfile.stages[0].steps[0].text == "RUN a")
    }

    @Test("directives precede everything else, in any case and spacing, and only once known")
    func directives() throws {
        let dockerfile = try Dockerfile(
            parsing: "#syntax=x\n# ESCAPE = `\n# check=skip=all\nFROM a`\n  AS b\n"
        )
        #expect(dockerfile.directives == ParserDirectives(syntax: "x", escape: "`", check: "skip=all"))
        #expect(dockerfile.stages[0].name == "b")
        let late = try Dockerfile(parsing: "# a comment\n# escape=`\nFROM a\n")
        #expect(late.directives.escape == "\\")
    }

    @Test("a byte order mark, Windows line ends and missing ends of line change nothing")
    func lineEnds() throws {
        let plain = try Dockerfile(parsing: "FROM a\nRUN b \\\n  c\nENV x=y\n")
        #expect(try Dockerfile(parsing: "\u{FEFF}FROM a\r\nRUN b \\\r\n  c\r\nENV x=y") == plain)
    }

    @Test("the line of an instruction is that of its beginning, whatever precedes it")
    func lineNumbers() throws {
        let dockerfile = try Dockerfile(
            parsing: "\n# c\nFROM a\n\n  RUN a \\\n # c\n b\nCOPY <<E /x\n1\nE\nENV a=b\n"
        )
        #expect(dockerfile.stages[0].line == 3)
        #expect(dockerfile.stages[0].steps.map(\.line) == [5, 8, 11])
    }

    @Test("a doubled escape at the end of a line is an escape, not a continuation")
    func doubledEscape() throws {
        #expect(try Self.instructions("RUN a \\\\\nENV b=c").count == 2)
    }

    @Test("what is allowed but most likely not meant is warned of")
    func warnings() throws {
        let dockerfile = try Dockerfile(parsing: "FROM a\nENV a b\nRUN a \\\n\n b\nMAINTAINER me\n")
        #expect(dockerfile.warnings.map(\.line) == [4, 2, 6])
    }
}
