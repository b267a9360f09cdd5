// SPDX-License-Identifier: Apache-2.0
// RUN steps in real containers, as root: what they may, what they leave, and what hostile ones do not get.

import ImageStore
import Foundation
import FunctionModel
import Glibc
import Logging
import Sandbox
import Synchronization
import Testing

@testable import ImageBuilder
@testable import OCI

/// A bench whose steps run, with busybox in the context.
final class StepBench {
    /// Written before the first build.
    private final class Box: Sendable {
        let spawner = Mutex<Spawner?>(nil)
    }

    static let isPossible = geteuid() == 0 && access("/bin/busybox", X_OK) == 0

    let bench: BuildBench
    let spawner: Spawner

    init(limits: StepLimits = .ofHost) throws {
        let box = Box()
        bench = try BuildBench { data in
            SandboxStepRunner(dataDirectory: data, limits: limits) { box.spawner.withLock { $0 } }
        }
        spawner = try Spawner(
            dataDirectory: bench.scratch.path + "/data",
            logger: Logger(label: "test")
        )
        box.spawner.withLock { $0 = spawner }
        let busybox = try Data(contentsOf: URL(filePath: "/bin/busybox"))
        try busybox.write(to: URL(filePath: bench.context + "/busybox"))
        chmod(bench.context + "/busybox", 0o755)
        try bench.write("passwd", "root:x:0:0::/root:/bin/sh\nme:x:5:6::/home/me:/bin/sh\n")
    }

    /// The beginning of every Dockerfile here: an image with a shell.
    static let base = """
        FROM scratch
        COPY busybox /bin/busybox
        COPY passwd /etc/passwd
        RUN ["/bin/busybox", "--install", "-s", "/bin"]

        """

    /// Runs `body` and ends the spawner.
    static func with<Value>(
        limits: StepLimits = .ofHost,
        _ body: (BuildBench) async throws -> Value
    ) async throws -> Value {
        let bench = try StepBench(limits: limits)
        do {
            let value = try await body(bench.bench)
            await bench.spawner.stop()
            return value
        } catch {
            await bench.spawner.stop()
            throw error
        }
    }

    /// Entries of the layers above those of ``base``.
    static func changes(_ bench: BuildBench, _ digest: Digest) async throws -> [String] {
        try await bench.entries(digest).filter { !$0.hasPrefix("bin/") && !$0.hasPrefix("bin ") }
    }
}

@Suite("A RUN step", .enabled(if: StepBench.isPossible, "needs root and busybox"), .serialized)
struct SandboxStepTests {
    @Test("leaves what it added, changed and removed as a layer, with the owners that it gave")
    func layer() async throws {
        try await StepBench.with { bench in
            try bench.write("tree/old/file", "old")
            try bench.write("tree/gone/file", "gone")
            let digest = try await bench.build(
                StepBench.base + """
                    COPY tree /tree
                    RUN echo new > /tree/new && chown 5:6 /tree/new && chmod 4750 /tree/new
                    RUN rm -rf /tree/gone && ln -s new /tree/link && rm -r /tree/old && mkdir /tree/old
                    RUN echo 1.2.3.4 x >> /etc/hosts; mkfifo /p; mkdir -m 700 /home; chown -R me /home
                    RUN true
                    """
            )
            let lines = try await StepBench.changes(bench, digest)
            #expect(
                lines.suffix(9)
                    == [
                        "tree/ 755 0:0", "tree/new 4750 5:6 = new\n", "tree/ 755 0:0",
                        "tree/.wh.gone 644 0:0 = ",
                        "tree/link 777 0:0 -> new", "tree/old/ 755 0:0", "tree/old/.wh..wh..opq 644 0:0 = ",
                        "home/ 700 5:0", "p 644 0:0",
                    ]
            )
            #expect(try await bench.file("tree/old/file", in: digest) == nil)
            #expect(
                try await bench.store.image(digest: digest).configuration.history?.last?.emptyLayer == true
            )
        }
    }

    @Test("leaves the dates that the command gave, which the next step sees")
    func dates() async throws {
        try await StepBench.with { bench in
            try bench.write("copied", "c")
            bench.touch("copied", 1_234_567_890)
            let text =
                StepBench.base + """
                    COPY copied /copied
                    RUN touch -d @1000000000 /made
                    RUN stat -c %Y /copied /made; touch /made /late

                    """
            let before = Int(Date.now.timeIntervalSince1970)
            let digest = try await bench.build(text)
            #expect(bench.events.output.suffix(2) == ["1234567890", "1000000000"])
            #expect(try await bench.dates(digest)["late"] ?? 0 >= before)
            let bounded = try await bench.build(text) {
                $0.buildArguments = ["SOURCE_DATE_EPOCH": "1100000000"]
            }
            #expect(bench.events.output.suffix(2) == ["1100000000", "1000000000"])
            #expect(try await bench.dates(bounded)["late"] == 1_100_000_000)
        }
    }

    @Test("gives the same digest for the same input and SOURCE_DATE_EPOCH, whenever it runs")
    func reproducible() async throws {
        try await StepBench.with { bench in
            let text = StepBench.base + "RUN mkdir -p /a/b && date > /dev/null && echo x > /a/b/c\n"
            let epoch = ["SOURCE_DATE_EPOCH": "1100000000"]
            let first = try await bench.build(text) { $0.buildArguments = epoch }
            bench.clock.set(BuildClock.start + 60)
            let second = try await bench.build(text) {
                $0.buildArguments = epoch
                $0.noCache = true
            }
            #expect(second == first)
            #expect(bench.events.cachedCount == 0)
            #expect(try await bench.build(text) { $0.buildArguments = epoch } == first)
            #expect(bench.events.cachedCount == 4)
        }
    }

    @Test("that fails is reported with line, command and exit code, after its output")
    func failure() async throws {
        try await StepBench.with { bench in
            let text = StepBench.base + "RUN echo out; echo err >&2; exit 3\n"
            let failure = try await bench.failure(text)
            #expect(
                failure
                    == "Dockerfile:5: RUN echo out; echo err >&2; exit 3: "
                    + "'/bin/sh -c echo out; echo err >&2; exit 3' exited with code 3"
            )
            #expect(Set(bench.events.output).isSuperset(of: ["out", "err"]))
            let missing = try await bench.failure(StepBench.base + "RUN [\"nothing\"]\n")
            #expect(
                missing?.contains("'nothing' could not be started: 'nothing' is not in the container") == true
            )
        }
    }

    @Test("is root of its own container only; another USER has no capabilities")
    func identity() async throws {
        try await StepBench.with { bench in
            let show = "id -u; grep CapEff /proc/self/status; cat /proc/self/uid_map; cat /etc/hostname"
            try await bench.build(StepBench.base + "RUN \(show)\nUSER me\nRUN \(show)\n")
            let lines = bench.events.output.map { $0.split(separator: " ").joined(separator: " ") }
            #expect(lines.count == 8)
            #expect(lines.first == "0" && lines[1] != "CapEff:\t0000000000000000")
            #expect(lines[2].hasPrefix("0 1879") && lines[2].hasSuffix(" 65536"), "\(lines)")
            #expect(lines[3] == "build" && lines[4] == "5" && lines[5] == "CapEff:\t0000000000000000")
        }
    }

    @Test("may not reach past its container, whatever its capabilities")
    func confinement() async throws {
        try await StepBench.with { bench in
            try await bench.build(
                StepBench.base + """
                    RUN mknod /null c 1 3 2>/dev/null && echo node; mount -t tmpfs x /tmp 2>/dev/null && echo mounted; \\
                        chroot / /bin/true 2>/dev/null && echo chrooted; unshare -U true 2>/dev/null && echo unshared; \\
                        (echo 1 > /proc/sys/kernel/panic) 2>/dev/null && echo written; ls /l /w /lower 2>/dev/null; \\
                        hostname x 2>/dev/null && echo renamed; ls /proc/self/fd | wc -l
                    """
            )
            #expect(bench.events.output == ["4"])
        }
    }

    @Test("sees caches, secrets, binds and memory where it mounts them, and its layer none of them")
    func mounts() async throws {
        try await StepBench.with { bench in
            try bench.write("secret", "hush")
            try bench.write("bound/file", "bound")
            let text =
                StepBench.base + """
                    WORKDIR /work
                    RUN --mount=type=cache,target=cache --mount=type=tmpfs,target=/fast,size=1m \\
                        --mount=type=secret,id=key --mount=type=bind,source=bound,target=/bound \\
                        cat /run/secrets/key /bound/file; echo; cat cache/count; echo x >> cache/count; echo y > /fast/y; \\
                        (echo z > /bound/z) 2>/dev/null || echo read-only
                    """
            let secret = bench.context + "/secret"
            let first = try await bench.build(text) { $0.secrets = ["key": secret] }
            #expect(
                bench.events.output.contains("hushbound") && bench.events.output.contains("read-only"),
                "\(bench.events.output)"
            )
            #expect(!bench.events.output.contains("x"))
            try await bench.build(text) {
                $0.secrets = ["key": secret]
                $0.noCache = true
            }
            #expect(bench.events.output.contains("x"))
            let lines = try await StepBench.changes(bench, first)
            #expect(lines.suffix(1) == ["work/ 755 0:0"], "\(lines)")
        }
    }

    @Test("gets no file of the host through links of the context, of the image or of a mount's target")
    func hostileLinks() async throws {
        try await StepBench.with { bench in
            let victim = bench.scratch.path + "/victim"
            try Data("host only".utf8).write(to: URL(filePath: victim))
            bench.link("link", to: victim)
            let failure = try await bench.failure(
                StepBench.base + "RUN --mount=type=bind,source=link,target=/x cat /x\n"
            )
            #expect(!bench.events.output.contains { $0.contains("host only") })
            #expect(failure != nil)
            try await bench.build(
                StepBench.base + """
                    RUN ln -s \(bench.scratch.path) /out
                    RUN --mount=type=tmpfs,target=/out/made/here ls /out/made
                    """
            )
            #expect(bench.events.output == ["here"])
            #expect(access(bench.scratch.path + "/made", F_OK) != 0)
            let refused = try await bench.failure(
                StepBench.base + "RUN --mount=type=tmpfs,target=/proc/x true\n"
            )
            #expect(
                refused == "Dockerfile:5: '/proc/x': expected a path outside of /proc, /sys and /dev",
                "\(refused ?? "")"
            )
        }
    }

    @Test("has the network that the build says, and says when the host has none")
    func network() async throws {
        try await StepBench.with { bench in
            let text =
                StepBench.base
                + "RUN echo net $(ls /sys/class/net)\nRUN --network=none echo net $(ls /sys/class/net)\n"
            try await bench.build(text)
            let lines = bench.events.output
            let isTold = lines.contains { $0.hasPrefix("note: this step has no network") }
            #expect(lines.contains("net lo") && lines.contains("net eth0 lo") != isTold, "\(lines)")
            try await bench.build(text) { $0.networkMode = .none }
            #expect(bench.events.output == ["net lo", "net lo"])
        }
    }

    @Test("is killed over its memory limit, and reported so")
    func memory() async throws {
        var limits = StepLimits.ofHost
        limits.sandbox.memory = .mebibytes(32)
        try await StepBench.with(limits: limits) { bench in
            let failure = try await bench.failure(
                StepBench.base
                    + "RUN [\"/bin/busybox\", \"dd\", \"if=/dev/zero\", \"of=/dev/null\", \"bs=128M\", \"count=1\"]\n"
            )
            #expect(failure?.contains("because it used too much memory") == true, "\(failure ?? "")")
        }
    }

    @Test("is stopped when the disk is nearly full")
    func fullDisk() async throws {
        var limits = StepLimits.ofHost
        limits.freeSpaceFloor = ByteCount(bytes: .max)
        try await StepBench.with(limits: limits) { bench in
            let clock = ContinuousClock()
            let start = clock.now
            let failure = try await bench.failure(
                "FROM scratch\nCOPY busybox /\nRUN [\"/busybox\", \"sleep\", \"60\"]\n"
            )
            #expect(failure?.contains("no space left") == true, "\(failure ?? "")")
            #expect(clock.now - start < .seconds(30))
        }
    }

    @Test("ends with its time, and with a build that is given up")
    func time() async throws {
        let bench = try StepBench()
        let digest = try await bench.bench.build("FROM scratch\nCOPY busybox /\n")
        let folder = try await StepFolder.make(in: bench.bench.builder.directory)
        let command = StepCommand(
            image: ContainerImage(
                rootfs: try await bench.bench.store.rootfs(for: digest),
                account: ContainerAccount(user: ContainerUser(), home: "/")
            ),
            changes: folder.changes,
            scratch: folder.scratch,
            arguments: ["/busybox", "sleep", "60"],
            mounts: [],
            network: .none,
            timeLimit: .milliseconds(100)
        )
        let runner = bench.bench.builder.runner
        await #expect(throws: StepFailure.limit(what: "time of one step in seconds", limit: 0)) {
            _ = try await runner.run(command) { _ in }
        }
        var long = command
        long.timeLimit = .seconds(60)
        let patient = long
        let task = Task { try await runner.run(patient) { _ in } }
        try await Task.sleep(for: .milliseconds(300))
        task.cancel()
        await #expect(throws: StepFailure.cancelled) { _ = try await task.value }
        await bench.spawner.stop()
    }
}
