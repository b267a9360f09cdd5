// SPDX-License-Identifier: Apache-2.0
// RUN --mount: what a step finds, what is gone afterwards, what others see of it.

import Foundation
import Glibc
import Sandbox
import Synchronization
import Testing

@testable import ImageBuilder
@testable import ImageStore

@Suite struct BuildMountTests {
    /// The first mount of a build's only RUN.
    static func mount(
        _ options: String,
        _ bench: BuildBench,
        _ runner: FakeRunner,
        _ change: (inout BuildRequest) -> Void = { _ in }
    ) async throws -> StepCommand.Mount? {
        try await bench.build(
            "FROM scratch AS s\nCOPY . /s\nFROM scratch\nRUN --mount=\(options) x\n",
            change
        )
        return runner.commands.last?.mounts.first
    }

    /// Reads what a mount shows while the step runs.
    static func reader(_ path: String = "") -> (FakeRunner, @Sendable () -> [String]) {
        let box = TextBox()
        let runner = FakeRunner { command in
            for mount in command.mounts {
                guard case .host(let host) = mount.source else { continue }
                let full = path.isEmpty ? host : host + "/" + path
                let mode =
                    (try FileManager.default.attributesOfItem(atPath: full)[.posixPermissions] as? Int) ?? 0
                let text = String(decoding: try Data(contentsOf: URL(filePath: full)), as: UTF8.self)
                box.add("\(String(mode, radix: 8)) \(text)")
            }
            return .exited(code: 0)
        }
        return (runner, { box.texts })
    }

    @Test("a bind shows the context without what .dockerignore hides")
    func bindContext() async throws {
        let (runner, texts) = Self.reader("a")
        let bench = try BuildBench(runner: runner)
        try bench.write("d/a", "A")
        try bench.write("d/hidden", "H")
        try bench.write(".dockerignore", "d/hidden\n")
        let mount = try await Self.mount("target=/m,source=d", bench, runner)
        #expect(mount?.target == "/m")
        #expect(mount?.readOnly == true)
        #expect(texts() == ["644 A"])
        let hidden = try await bench.failure("FROM scratch\nRUN --mount=target=/m,source=d/hidden x\n")
        #expect(hidden?.contains("is excluded by .dockerignore") == true, "\(hidden ?? "built")")
        let escape = try await bench.failure("FROM scratch\nRUN --mount=target=/m,source=../x x\n")
        #expect(escape?.contains("matches no file in the build context") == true, "\(escape ?? "built")")
    }

    @Test("a changed file in a bind repeats the step")
    func bindKey() async throws {
        let runner = FakeRunner()
        let bench = try BuildBench(runner: runner)
        try bench.write("d/a", "A")
        let text = "FROM scratch\nRUN --mount=target=/m,source=d x\n"
        try await bench.build(text)
        try await bench.build(text)
        #expect(runner.commands.count == 1)
        try bench.write("d/a", "B")
        try await bench.build(text)
        #expect(runner.commands.count == 2)
    }

    @Test("a bind from a stage shows that stage's files, read-only or as a copy")
    func bindStage() async throws {
        let (runner, texts) = Self.reader()
        let bench = try BuildBench(runner: runner)
        try bench.write("a", "A")
        let plain = try await Self.mount("from=s,source=/s/a,target=/m", bench, runner)
        #expect(plain?.readOnly == true)
        let writable = try await Self.mount("from=s,source=/s/a,target=/m,rw", bench, runner)
        #expect(writable?.readOnly == false)
        #expect(plain?.source != writable?.source)
        #expect(texts() == ["644 A", "644 A"])
    }

    @Test("a secret is shown as a file of its owner or as a variable, and counts for no cache")
    func secrets() async throws {
        let (runner, texts) = Self.reader()
        let bench = try BuildBench(runner: runner)
        try bench.scratch.write("S1", to: "secret")
        let give: (inout BuildRequest) -> Void = { $0.secrets = ["k": bench.scratch.path + "/secret"] }
        let mount = try await Self.mount("type=secret,id=k", bench, runner, give)
        #expect(mount?.target == "/run/secrets/k")
        #expect(mount?.readOnly == true)
        #expect(texts() == ["400 S1"])
        #expect(try await Self.mount("type=secret,id=k,env=TOKEN", bench, runner, give) == nil)
        #expect(runner.commands.last?.environment["TOKEN"] == "S1")
        try bench.scratch.write("S2", to: "secret")
        let count = runner.commands.count
        _ = try await Self.mount("type=secret,id=k", bench, runner, give)
        #expect(runner.commands.count == count)
        #expect(try await Self.mount("type=secret,id=other", bench, runner) == nil)
        let missing = try await bench.failure("FROM scratch\nRUN --mount=type=secret,id=o,required=true x\n")
        #expect(missing?.contains("expected the secret 'o' to be given") == true, "\(missing ?? "built")")
    }

    @Test("a cache keeps its files between builds, and each id has its own")
    func caches() async throws {
        let runner = FakeRunner { command in
            for case .host(let path) in command.mounts.map(\.source) {
                try Data("x".utf8).write(to: URL(filePath: path + "/kept"))
            }
            return .exited(code: 0)
        }
        let bench = try BuildBench(runner: runner)
        let first = try await Self.mount("type=cache,target=/c,mode=0700", bench, runner)
        let again = try await Self.mount("type=cache,target=/c,sharing=locked", bench, runner)
        let other = try await Self.mount("type=cache,target=/c,id=o", bench, runner)
        #expect(first?.source == again?.source)
        #expect(first?.source != other?.source)
        #expect(first?.readOnly == false)
        guard case .host(let path)? = first?.source else { return }
        #expect(access(path + "/kept", F_OK) == 0)
    }

    @Test("a locked cache waits for its holder; a private one gets a folder of its own")
    func sharing() async throws {
        let bench = try BuildBench()
        let directory = bench.scratch.path + "/data/build"
        let folder = try await StepFolder.make(in: directory)
        var mount = RunMount()
        mount.kind = .cache
        mount.target = "/c"
        mount.sharing = .private
        var first: CacheFolder? =
            try await CacheFolder.open(mount, in: directory, folder: folder, trees: .direct)
        let second = try await CacheFolder.open(mount, in: directory, folder: folder, trees: .direct)
        #expect(first?.path != second.path)
        mount.sharing = .locked
        let wanted = mount
        let waiter = Task {
            try await CacheFolder.open(wanted, in: directory, folder: folder, trees: .direct).path
        }
        let path = first?.path
        first = nil
        #expect(try await waiter.value == path)
    }

    @Test("a tmpfs has the size that was asked for")
    func tmpfs() async throws {
        let runner = FakeRunner()
        let mount = try await Self.mount("type=tmpfs,target=/t,size=64m", BuildBench(runner: runner), runner)
        #expect(mount?.source == .memory(sizeBytes: 64_000_000))
    }

    @Test("a placeholder of a mount is no change of the image")
    func stubs() throws {
        func item(_ path: String, _ kind: TreeNode.Kind) -> UpperItem {
            UpperItem(path: path, node: TreeNode(kind: kind, mode: 0o755))
        }
        let items = [
            item("a", .directory), item("a/b", .directory), item("a/b/mount", .directory),
            item("a/b/mount/x", .file),
            item("c", .directory), item("c/mount", .directory), item("c/kept", .file),
            item("old", .directory),
        ]
        let entries = try UpperLayer.entries(
            items,
            firstHostID: 0,
            mounts: ["a/b/mount", "c/mount", "old"],
            dates: try BuildDates([:], now: 0)
        ) { $0 == "old" }
        #expect(entries.map(\.path) == ["c", "c/kept", "old"])
    }

    @Test("owners are counted from the host's first id, and names that mean removal are refused")
    func ownersAndNames() throws {
        var node = TreeNode(kind: .file, mode: 0o644)
        node.uid = 100_005
        node.gid = 3
        let dates = try BuildDates([:], now: 9)
        let item = UpperItem(path: "a", node: node)
        let entries = try UpperLayer.entries([item], firstHostID: 100_000, mounts: [], dates: dates) { _ in
            false
        }
        #expect(entries.first?.uid == 5)
        #expect(entries.first?.gid == 3)
        let bad = UpperItem(path: "d/.wh.x", node: node)
        #expect(throws: StepFailure.self) {
            try UpperLayer.entries([bad], firstHostID: 0, mounts: [], dates: dates) { _ in false }
        }
    }
}

/// Texts from any thread.
final class TextBox: Sendable {
    private let list = Mutex<[String]>([])

    var texts: [String] { list.withLock { $0 } }
    func add(_ text: String) { list.withLock { $0.append(text) } }
}
