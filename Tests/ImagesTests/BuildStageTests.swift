// SPDX-License-Identifier: Apache-2.0
// Stages, targets, arguments, triggers, and the configuration that comes of them.

import ImageBuilder
import ImageStore
import OCI
import Testing

@testable import ImageBuilder
@testable import ImageStore
@testable import OCI

@Suite struct BuildStageTests {
    static func image(_ bench: BuildBench, _ text: String, _ change: (inout BuildRequest) -> Void = { _ in })
        async throws -> Image
    {
        try await bench.store.image(digest: try await bench.build(text, change))
    }

    @Test("files are copied from a stage by name, by index, and from an image")
    func copyFrom() async throws {
        let bench = try BuildBench()
        try bench.write("a", "A", mode: 0o750)
        try await bench.build("FROM scratch\nCOPY --chown=3:4 a /img/a\n") { $0.tag = "other" }
        let digest = try await bench.build(
            """
            FROM scratch AS One
            COPY --chown=1:2 a /1/a
            FROM scratch
            COPY --from=one /1 /x
            COPY --from=0 1/a /y
            COPY --from=other img/a /z
            """
        )
        #expect(
            try await bench.entries(digest) == [
                "x/ 755 0:0", "x/a 750 1:2 = A", "y 750 1:2 = A", "z 750 3:4 = A",
            ]
        )
    }

    @Test("only stages that the target needs are built")
    func target() async throws {
        let bench = try BuildBench()
        let text = "FROM scratch AS a\nLABEL s=a\nFROM nowhere AS b\nRUN x\nFROM a AS c\nLABEL t=c\n"
        #expect(try await Self.image(bench, text).execution.labels == ["s": "a", "t": "c"])
        #expect(try await Self.image(bench, text) { $0.target = "A" }.execution.labels == ["s": "a"])
        #expect(try await Self.image(bench, text) { $0.target = "0" }.execution.labels == ["s": "a"])
        let unknown = try await bench.failure(text) { $0.target = "d" }
        #expect(unknown?.hasPrefix("target 'd' is not a stage of the Dockerfile; stages: a, b, c") == true)
        let needed = try await bench.failure(text) { $0.target = "b" }
        #expect(
            needed?.contains("Dockerfile:3: FROM nowhere AS b: image 'nowhere' is not in the store") == true
        )
    }

    @Test("arguments: defaults, given values, global arguments, environment before arguments")
    func arguments() async throws {
        let bench = try BuildBench()
        let text = """
            ARG BASE=scratch
            ARG G=global
            ARG H=h-$G
            FROM $BASE AS first
            ARG A=default
            ARG G
            ARG H=own
            ARG E=arg
            ENV E=env
            LABEL a=$A b=$UNSET g=$G h=$H e=$E os=$TARGETOS
            FROM first
            ARG TARGETOS
            LABEL inherited=$A os2=$TARGETOS
            """
        let plain = try await Self.image(bench, text).execution.labels
        #expect(
            plain == [
                "a": "default", "b": "", "g": "global", "h": "own", "e": "env", "os": "",
                "inherited": "default",
                "os2": "linux",
            ]
        )
        let given = try await Self.image(bench, text) {
            $0.buildArguments = ["A": "x", "G": "y", "E": "z", "N": "n"]
        }
        #expect(given.execution.labels?["a"] == "x")
        #expect(given.execution.labels?["g"] == "y")
        #expect(given.execution.labels?["e"] == "env")
        #expect(given.execution.environment == [RunPlan.defaultPath, "E=env"])
        #expect(bench.events.warnings == ["build argument 'N' was not used: no ARG declares it"])
    }

    /// Instructions after FROM scratch AS s, and the values of V by LABEL and in the image.
    static let precedences: [(String, String, String?)] = [
        ("ENV V=b\nARG V=a", "a", "b"), ("ARG V=a\nENV V=b", "b", "b"), ("ENV V=b\nARG V", "b", "b"),
        ("ENV V=b\nARG V=", "", "b"), ("ENV V=b\nARG V=a\nARG V", "a", "b"),
        ("ENV V=b\nARG V=a\nENV V=c", "c", "c"), ("ENV V=b\nARG V=a\nENV V=c\nARG V=d", "d", "c"),
        ("ENV V=b\nARG G", "b", "b"), ("ARG V=a", "a", nil),
        ("ENV V=b\nARG V=a W=$V\nARG V=$W-$V", "b-a", "b"),
        // The stage's environment counts anew for one built upon it; its arguments stay.
        ("ENV V=b\nARG V=a\nFROM s", "b", "b"), ("ARG V=a\nENV V=b\nFROM s", "b", "b"),
        ("ARG V=a\nFROM s", "a", nil), ("ARG V=a\nFROM s\nARG V=b", "b", nil),
    ]

    @Test(
        "the later of ENV and ARG counts for the steps that follow, the image keeps ENV",
        arguments: precedences
    )
    func precedence(text: String, expected: String, kept: String?) async throws {
        let runner = FakeRunner()
        let bench = try BuildBench(runner: runner)
        let image = try await Self.image(bench, "FROM scratch AS s\n\(text)\nRUN x\nLABEL v=$V\n")
        #expect(image.execution.labels?["v"] == expected)
        #expect(image.execution.environment == [RunPlan.defaultPath] + (kept.map { ["V=\($0)"] } ?? []))
        let environment = runner.commands.last?.image.execution.environment
        let seen = environment?.filter { $0.hasPrefix("V=") }
        #expect(seen == ["V=\(expected)"])
    }

    @Test("a build argument wins over the environment when its ARG is after the ENV, and a global one does")
    func givenAfterEnvironment() async throws {
        let text = "ARG G=global\nFROM scratch\nENV V=b G=b\nARG V\nARG G\nLABEL v=$V g=$G\n"
        let image = try await Self.image(BuildBench(), text) { $0.buildArguments = ["V": "c"] }
        #expect(image.execution.labels == ["v": "c", "g": "global"])
        #expect(image.execution.environment == [RunPlan.defaultPath, "V=b", "G=b"])
    }

    @Test("PATH has its default in an image that says none, and what is written builds upon it")
    func defaultPath() async throws {
        let bench = try BuildBench()
        let image = try await Self.image(bench, "FROM scratch\nENV PATH=$PATH:/x\n")
        #expect(image.execution.environment == [RunPlan.defaultPath + ":/x"])
        #expect(try await Self.image(bench, "FROM scratch\n").execution.environment == [RunPlan.defaultPath])
        var bare = try SampleImage()
        bare.configuration.config?.environment = ["A=b"]
        try bench.scratch.write(try bare.layout(reference: "bare:latest"), below: "bare")
        _ = try await bench.store.loadLayout(directory: bench.scratch.path + "/bare")
        let upon = try await Self.image(bench, "FROM bare\nENV PATH=/y:$PATH\n")
        #expect(upon.execution.environment?.count == 2)
        #expect(upon.execution.environment?.last?.hasPrefix("PATH=/y:/usr/local/sbin:") == true)
    }

    @Test("one instruction sees the environment from before it")
    func environmentBefore() async throws {
        let bench = try BuildBench()
        let image = try await Self.image(
            bench,
            "FROM scratch\nENV abc=hello\nENV abc=bye def=$abc\nENV ghi=$abc\n"
        )
        #expect(image.execution.environment == [RunPlan.defaultPath, "abc=bye", "def=hello", "ghi=bye"])
    }

    /// Instructions, and the command line with and without words given.
    static let commands: [(String, [String], [String])] = [
        ("CMD a b", ["/bin/sh", "-c", "a b"], ["x"]),
        ("CMD [\"a\"]", ["a"], ["x"]),
        ("ENTRYPOINT [\"e\"]\nCMD [\"a\"]", ["e", "a"], ["e", "x"]),
        ("ENTRYPOINT [\"e\"]\nCMD a", ["e", "/bin/sh", "-c", "a"], ["e", "x"]),
        ("ENTRYPOINT e", ["/bin/sh", "-c", "e"], ["/bin/sh", "-c", "e", "x"]),
        ("CMD [\"a\"]\nENTRYPOINT [\"e\"]", ["e", "a"], ["e", "x"]),
        ("SHELL [\"/bin/bash\", \"-ec\"]\nCMD a", ["/bin/bash", "-ec", "a"], ["x"]),
        ("CMD [\"a\"]\nCMD []", [], ["x"]),
        ("CMD ['a']", ["/bin/sh", "-c", "['a']"], ["x"]),
    ]

    @Test("CMD and ENTRYPOINT in both forms make the command line that Docker makes", arguments: commands)
    func command(text: String, plain: [String], given: [String]) async throws {
        let image = try await Self.image(BuildBench(), "FROM scratch\n" + text + "\n")
        #expect(image.command() == plain)
        #expect(image.command(overriding: ["x"]) == given)
    }

    @Test("a new ENTRYPOINT forgets the CMD of the image below")
    func inheritedCommand() async throws {
        let bench = try BuildBench()
        try await bench.build("FROM scratch\nENTRYPOINT [\"e\"]\nCMD [\"c\"]\n") { $0.tag = "base" }
        #expect(try await Self.image(bench, "FROM base\nLABEL a=b\n").command() == ["e", "c"])
        #expect(try await Self.image(bench, "FROM base\nENTRYPOINT [\"f\"]\n").command() == ["f"])
        #expect(
            try await Self.image(bench, "FROM base\nCMD [\"d\"]\nENTRYPOINT [\"f\"]\n").command() == [
                "f", "d",
            ]
        )
    }

    @Test("ONBUILD instructions are executed first by a build from the image, and not inherited")
    func triggers() async throws {
        let bench = try BuildBench()
        try bench.write("a", "A")
        try await bench.build("FROM scratch\nONBUILD COPY a /t\nONBUILD ENV x=1\nONBUILD COPY <<E /d\nD\nE\n")
        {
            $0.tag = "base"
        }
        let digest = try await bench.build("FROM base\nENV y=$x\n")
        #expect(try await bench.entries(digest) == ["t 644 0:0 = A", "d 644 0:0 = D\n"])
        let image = try await bench.store.image(digest: digest)
        #expect(image.execution.environment == [RunPlan.defaultPath, "x=1", "y=1"])
        #expect(image.execution.onBuild == nil)
    }

    @Test("health check, stop signal, volumes, shell, user and author are kept")
    func rest() async throws {
        let image = try await Self.image(
            BuildBench(),
            """
            FROM scratch
            HEALTHCHECK --interval=5s --retries=2 CMD check it
            STOPSIGNAL SIGINT
            VOLUME /a /b
            SHELL ["/bin/bash", "-c"]
            USER me:us
            MAINTAINER Me
            EXPOSE 80 90-91/udp
            """
        )
        let execution = image.execution
        #expect(execution.healthcheck?.test == ["CMD-SHELL", "check it"])
        #expect(execution.healthcheck?.intervalNanoseconds == 5_000_000_000)
        #expect(execution.healthcheck?.retries == 2)
        #expect(execution.stopSignal == "SIGINT")
        #expect(execution.volumes?.keys.sorted() == ["/a", "/b"])
        #expect(execution.shell == ["/bin/bash", "-c"])
        #expect(execution.user == "me:us")
        #expect(execution.exposedPorts?.keys.sorted() == ["80/tcp", "90/udp", "91/udp"])
        #expect(image.configuration.author == "Me")
    }

    @Test("every instruction is in the history, and exactly those with a layer count as such")
    func history() async throws {
        let bench = try BuildBench()
        try bench.write("a", "A")
        let image = try await Self.image(bench, "FROM scratch\nENV a=b\nCOPY a /\nWORKDIR /\nCMD [\"a\"]\n")
        let history = image.configuration.history ?? []
        #expect(history.map(\.createdBy) == ["ENV a=b", "COPY a /", "WORKDIR /", "CMD [\"a\"]"])
        #expect(history.map { $0.emptyLayer ?? false } == [true, false, true, true])
        #expect(image.layers.count == 1)
    }

    /// An argument that is wrong only once it is expanded, and what the error says.
    static let late: [(String, String)] = [
        ("EXPOSE 0", "'0': expected a port"), ("EXPOSE 80/smtp", "'80/smtp': expected a port"),
        ("EXPOSE 9-8", "'9-8': expected a port"),
        ("STOPSIGNAL SIGNOTHING", "'SIGNOTHING': expected a signal"),
        ("STOPSIGNAL 99", "'99': expected a signal"), ("USER $nobody", "'$nobody': expected something"),
        ("ENV $x=1", "'$x': expected something"), ("LABEL a=\"b", "closing double quote"),
        ("FROM $nothing", "'$nothing' expands to nothing"),
        ("USER 65536", "'65536': expected a user and group from 0 to 65535"),
        ("ENV u=1000680000\nUSER $u:0", "'1000680000:0': expected a user and group from 0 to 65535"),
        ("USER app:70000", "'app:70000': expected a user and group from 0 to 65535"),
    ]

    @Test("a wrong value is reported with its line", arguments: late)
    func wrongValue(text: String, expected: String) async throws {
        let failure = try await BuildBench().failure("FROM scratch\n" + text + "\n")
        let line = 1 + text.split(separator: "\n").count
        #expect(failure?.hasPrefix("Dockerfile:\(line): ") == true)
        #expect(failure?.contains(expected) == true, "\(failure ?? "built")")
    }

    @Test("a platform is checked against the image's and kept in the configuration")
    func platforms() async throws {
        let bench = try BuildBench()
        let other = Platform(architecture: Platform.host.architecture == "arm64" ? "amd64" : "arm64")
        let image = await #expect(throws: ImageError.self) {
            try await Self.image(bench, "FROM scratch\n") { $0.platform = "linux/\(other.architecture)" }
        }
        if case .wrongPlatform = image {} else { Issue.record("\(String(describing: image))") }
        let failure = try await bench.failure("FROM scratch\n") { $0.platform = "nonsense" }
        #expect(failure?.contains("platform: 'nonsense' is not valid") == true)
    }

    @Test("a missing context, Dockerfile or readable text is reported with its path")
    func missing() async throws {
        let bench = try BuildBench()
        let none = await #expect(throws: BuildError.self) { try await bench.build() }
        #expect(none == .noDockerfile(path: bench.context + "/Dockerfile"))
        let elsewhere = await #expect(throws: BuildError.self) {
            try await bench.build { $0.contextDirectory = "/nonexistent" }
        }
        #expect(elsewhere?.description.hasPrefix("build context '/nonexistent': No such file") == true)
        try bench.scratch.write([0xFF, 0xFE, 0x00], to: "context/Dockerfile")
        let binary = await #expect(throws: BuildError.self) { try await bench.build() }
        #expect(binary == .unreadable(path: "Dockerfile", reason: "it is not UTF-8 text"))
        let outside = await #expect(throws: BuildError.self) {
            try await bench.build { $0.dockerfilePath = "../Dockerfile" }
        }
        #expect(outside != nil)
    }
}
