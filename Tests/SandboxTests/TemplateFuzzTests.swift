// SPDX-License-Identifier: Apache-2.0
// The checks of templates on random states of processes, and on random texts of /proc.

import Foundation
import FunctionModel
import Testing

@testable import Sandbox

@Suite(
    "The checks of a template at random",
    .enabled(if: TestHost.isRoot && Probe.hasCompiler),
    .serialized
)
struct TemplateFuzzTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let seed = environment["MAYFLY_TEST_SEED"].flatMap { UInt64($0) } ?? 1
    /// Of each test here; `MAYFLY_TEST_SECONDS=600` asks for more than a usual run has time for.
    private static let seconds = environment["MAYFLY_TEST_SECONDS"].flatMap(Int.init) ?? 3

    /// What a program may do before its request, one of each line: with one copy as the next.
    private static let harmless = ["file", "own", "signals", "locked", "undumpable", "loop", "prepared"]
    private static let refused = [
        "thread", "child", "zombie", "orphan", "vm", "filter", "stdout", "closed", "output", "pipe", "lock",
        "deleted", "renamed", "files", "eventfd", "inotify", "timerfd", "socket", "folder", "path", "writer",
        "anonymous", "memfd", "segment", "dontfork", "timer", "filledpair", "halfpair", "closedwatch",
        "nested",
    ]

    @Test("let a program through exactly when it did nothing that a copy would share or lack")
    func states() async throws {
        var random = Numbers(seed: Self.seed)
        let end = ContinuousClock.now + .seconds(Self.seconds)
        var counts = [0, 0]
        var dear = 0
        try await TemplateHost.with { host in
            while ContinuousClock.now < end || counts.contains(0) {
                var modes = Self.harmless.filter { _ in Int.random(in: 0..<3, using: &random) == 0 }
                let isRefused = Int.random(in: 0..<2, using: &random) == 0
                if isRefused {
                    modes += Self.refused.shuffled(using: &random).prefix(
                        Int.random(in: 1..<4, using: &random)
                    )
                }
                modes.shuffle(using: &random)
                let error = await Self.refusal(host, modes)
                // A busy machine measures a copy that is dearer than the start of so small a program, now and then.
                if case .setup(step: "cost of a copy", _)? = error, !isRefused, dear <= counts[0] / 50 {
                    dear += 1
                    continue
                }
                let isWell = if case .notCopyable? = error { isRefused } else { error == nil && !isRefused }
                try #require(isWell, "seed \(Self.seed): \(modes): \(String(describing: error))")
                counts[isRefused ? 1 : 0] += 1
            }
        }
        Self.tell("\(counts[0]) copied, \(counts[1]) refused, \(dear) too dear")
    }

    /// A figure that a reader of the test's log wants to see.
    private static func tell(_ text: String) {
        FileHandle.standardError.write(Data("  figures: \(text)\n".utf8))
    }

    /// Why there is no template, or no copy that answers.
    private static func refusal(_ host: TemplateHost, _ modes: [String]) async -> SandboxError? {
        do throws(SandboxError) {
            let slot = try await host.typedSlot(["/bin/template"] + modes)
            defer { slot.retire() }
            let answer = try await TemplateHost.run(slot, "ids").output
            return answer == "pid 1 ppid 0 tid 1 sid 1\n" ? nil : .unsupported("the answer '\(answer)'")
        } catch {
            return error
        }
    }

    @Test("agree with a model of the texts that they read, and bear damaged ones")
    func texts() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/mayfly-fuzz-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder + "/proc", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let sources = tests.deletingLastPathComponent().deletingLastPathComponent().path + "/Sources"
        let checks = ["facts", "memory", "waiting", "epoll", "runtime", "descriptors", "listeners", "pairs"]
        try Probe.build(
            tests.path + "/Programs/fuzz_checks.c",
            to: folder + "/fuzz",
            flags: ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
                + ["-I\(sources)/CSpawner", "-I\(sources)/CSandbox/include"]
                + checks.map { "\(sources)/CSpawner/copies/\($0).c" }
        )
        let output = try Probe.onHost(
            folder + "/fuzz",
            [folder + "/proc", "\(Self.seed)", "\(Self.seconds)"]
        )
        #expect(output.hasSuffix(" rounds\n"), "it says why on standard error")
        Self.tell(output.trimmingCharacters(in: .newlines))
    }
}

/// Numbers that depend on their seed only (SplitMix64).
private struct Numbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
