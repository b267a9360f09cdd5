// SPDX-License-Identifier: Apache-2.0
// A data folder whose gateway is killed again and again while it works on images; the crash test drives it.

import Foundation

/// One data folder, a registry, and an image to work on.
actor ImageCrashScene {
    /// What the gateway is in the middle of.
    enum Work: String, CaseIterable, Sendable {
        case pull, unpack, build, prune
    }

    private let folder: TemporaryFolder
    private let registry: RegistryUnderTest
    private var gateway: GatewayUnderTest
    private var durations: [Work: Duration] = [:]
    private var baseline = ""

    private var dataFolder: String { folder.url.appendingPathComponent("data").path }
    private var archive: String { folder.url.appendingPathComponent("victim.tar").path }
    private var context: String { folder.url.appendingPathComponent("context.tar").path }
    private var name: String { "\(registry.host)/victim:1" }

    /// Files of one layer, and bytes of each: small enough for a point to take a moment, many enough to be hit.
    private static let (filesPerLayer, fileBytes) = (150, 12_000)

    init() async throws {
        folder = try TemporaryFolder()
        registry = try await RegistryUnderTest()
        gateway = try await GatewayUnderTest(dataFolder: folder.url.appendingPathComponent("data").path)
        try await gateway.require("deploy", Fixtures.function("hello"))
        try await makeContext()
        let source = folder.url.appendingPathComponent("context").path
        try await gateway.require("build", source, "-t", name)
        try await gateway.require("image", "push", name)
        try await gateway.require("image", "save", name, "-o", archive)
        for work in Work.allCases {
            try await prepare(work)
            let begin = ContinuousClock.now
            _ = try await run(work)
            durations[work] = ContinuousClock.now - begin
        }
        try await restart()
        try await clean()
        baseline = try await inventory()
    }

    func remove() {
        gateway.signal(SIGKILL)
        registry.stop()
        folder.remove()
    }

    /// A user that the image does not have: its deploys unpack it and are refused then, so that nothing needs it.
    private func makeContext() async throws {
        var dockerfile = "FROM scratch\n"
        var random = SeededRandom(state: 1)
        for layer in ["a", "b", "c"] {
            dockerfile += "COPY \(layer) /\(layer)\n"
            for file in 0..<Self.filesPerLayer {
                var bytes = Data(capacity: Self.fileBytes)
                while bytes.count < Self.fileBytes {
                    withUnsafeBytes(of: random.next()) { bytes.append(contentsOf: $0) }
                }
                let url = folder.url.appendingPathComponent("context/\(layer)/\(file % 7)/\(file)")
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(),
                    withIntermediateDirectories: true
                )
                try bytes.write(to: url)
            }
        }
        try folder.write(dockerfile + "USER ghost\nCMD [\"/a/0/0\"]\n", to: "context/Dockerfile")
        let source = folder.url.appendingPathComponent("context").path
        try await Command.require("tar", "-C", source, "-cf", context, ".")
    }

    /// Begins some work, kills the gateway in the middle and starts the next one.
    ///
    /// - Parameters:
    ///   - work: what.
    ///   - share: when, as a part of what the work takes undisturbed.
    /// - Returns: whether the work had ended before.
    /// - Throws: ``HarnessError`` when a gateway does not start.
    func kill(during work: Work, after share: Double) async throws -> Bool {
        try await prepare(work)
        let pause = (durations[work] ?? .zero) * share
        async let answer = run(work)
        try await Task.sleep(for: pause)
        gateway.signal(SIGKILL)
        let isFinished = try await answer
        try await restart()
        return isFinished
    }

    private func restart() async throws {
        gateway.signal(SIGKILL)
        _ = await gateway.ended()
        gateway = try await GatewayUnderTest(dataFolder: dataFolder)
    }

    private func prepare(_ work: Work) async throws {
        try await clean()
        switch work {
        case .pull, .build: break
        case .unpack: _ = try await request("POST", "/v1/images", file: archive)
        case .prune:
            _ = try await request("POST", "/v1/images", file: archive)
            _ = try await run(.unpack)
            // A tree that was used a moment ago is not pruned: by the next process it was not.
            try await restart()
        }
    }

    /// Does the work; false when the gateway went away meanwhile.
    private func run(_ work: Work) async throws -> Bool {
        switch work {
        case .pull: try await request("POST", "/v1/image-pulls?reference=\(name)")
        case .unpack:
            try await request("POST", "/system/functions", body: #"{"service":"ghost","image":"\#(name)"}"#)
        case .build: try await request("POST", "/v1/builds?tag=built:1&no-cache=1", file: context)
        case .prune: try await request("POST", "/v1/image-store/prune?all=1&cache=1")
        }
    }

    private func clean() async throws {
        guard try await request("POST", "/v1/image-store/prune?all=1&cache=1") else {
            throw HarnessError("the gateway does not prune")
        }
    }

    /// What is wrong after a restart.
    func faults() async throws -> [String] {
        var faults: [String] = []
        let verified = try await gateway.faasctl("image", "verify", "--output", "json")
        if verified.code != 0 { faults.append("verify: \(verified.text)\(verified.error)") }
        if try await gateway.call("/function/hello").status != 200 { faults.append("the function is gone") }
        var leftovers = try await self.leftovers()
        // Large ones are swept beside the first requests, so that the start is not held up.
        for _ in 0..<100 where !leftovers.isEmpty {
            try await Task.sleep(for: .milliseconds(50))
            leftovers = try await self.leftovers()
        }
        if !leftovers.isEmpty { faults.append("left over: \(leftovers)") }
        try await clean()
        let now = try await inventory()
        if now != baseline { faults.append("space lost: was \(baseline), is \(now)") }
        return faults
    }

    /// Whatever is half there, by its name.
    private func leftovers() async throws -> String {
        let names = ["new-*", ".partial-*", "upload-*", "context-*", "step-*"]
        let tests = names.map { "-name '\($0)'" }.joined(separator: " -o ")
        let folders = ["blobs/partial", "rootfs", "run/uploads", "build"].map { dataFolder + "/" + $0 }
        let script = "find \(folders.joined(separator: " ")) -maxdepth 1 \\( \(tests) \\) 2>/dev/null || true"
        return try await Command.require("sh", "-c", script)
    }

    /// Number and bytes of everything that images take.
    private func inventory() async throws -> String {
        let folders = ["blobs", "rootfs", "build", "run/uploads"].map { dataFolder + "/" + $0 }
        let script = "find \(folders.joined(separator: " ")) -type f ! -path '*/.*' -printf '%s\\n'"
        let sum = script + " | awk '{n++; b += $1} END {print n \" files, \" b \" bytes\"}'"
        return try await Command.require("sh", "-c", sum).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// One request by curl, which starts sooner than faasctl; false when the gateway did not answer to the end.
    private func request(
        _ method: String,
        _ path: String,
        body: String? = nil,
        file: String? = nil
    ) async throws -> Bool {
        var arguments = ["-s", "-S", "-o", "/dev/null", "-u", try gateway.admin, "-X", method]
        if let body { arguments += ["-d", body] }
        if let file { arguments += ["-T", file] }
        return try await Command.run("/usr/bin/curl", arguments + [gateway.address + path]).code == 0
    }
}

extension GatewayUnderTest {
    /// `USER:PASSWORD` of its administrator.
    var admin: String {
        get throws {
            try ["user", "password"].map { name in
                let file = dataFolder + "/secrets/basic-auth-" + name
                return try String(contentsOfFile: file, encoding: .utf8)
                    .trimmingCharacters(in: .whitespacesAndNewlines)
            }.joined(separator: ":")
        }
    }
}
