// SPDX-License-Identifier: Apache-2.0
// The layer cache: what is taken from it, and what is made anew.

import CSandbox
import Foundation
import FunctionModel
import Glibc
import ImageBuilder
import ImageStore
import OCI
import Testing

@Suite struct BuildCacheTests {
    static let text = "FROM scratch\nCOPY a /a\nENV x=1\nCOPY b /b\nCMD [\"/a\"]\n"

    static func bench() throws -> BuildBench {
        let bench = try BuildBench()
        try bench.write("a", "A")
        try bench.write("b", "B")
        return bench
    }

    @Test("nothing changed: every step is cached, and the image is the same")
    func unchanged() async throws {
        let bench = try Self.bench()
        let first = try await bench.build(Self.text)
        #expect(bench.events.cachedCount == 0)
        #expect(try await bench.build(Self.text) == first)
        #expect(bench.events.cachedCount == 4)
    }

    @Test("a changed file repeats its step, and every step after it")
    func changedFile() async throws {
        let bench = try Self.bench()
        let first = try await bench.build(Self.text)
        try bench.write("b", "C")
        let second = try await bench.build(Self.text)
        #expect(second != first)
        #expect(bench.events.cachedCount == 2)
        try bench.write("a", "C")
        try await bench.build(Self.text)
        #expect(bench.events.cachedCount == 0)
    }

    @Test("with --link a copy is known upon other layers too, and what follows it is not")
    func linked() async throws {
        let bench = try Self.bench()
        let text = "FROM scratch\nCOPY a /a\nCOPY --link b /b\nCOPY a /c\n"
        try await bench.build(text)
        try bench.write("a", "other")
        let digest = try await bench.build(text)
        #expect(bench.events.cachedCount == 1)
        #expect(try await bench.file("a", in: digest) == "other")
        #expect(try await bench.file("b", in: digest) == "B")
        try await bench.build(text)
        #expect(bench.events.cachedCount == 3)
    }

    @Test("a file's mode counts, its time does not")
    func modeAndTime() async throws {
        let bench = try Self.bench()
        try await bench.build(Self.text)
        var times = [timeval(tv_sec: 1, tv_usec: 0), timeval(tv_sec: 1, tv_usec: 0)]
        utimes(bench.context + "/a", &times)
        try await bench.build(Self.text)
        #expect(bench.events.cachedCount == 4)
        chmod(bench.context + "/a", 0o700)
        try await bench.build(Self.text)
        #expect(bench.events.cachedCount == 0)
    }

    @Test("a changed instruction, argument or date repeats the steps after it")
    func changedInstruction() async throws {
        let bench = try Self.bench()
        try await bench.build(Self.text)
        try await bench.build(Self.text.replacingOccurrences(of: "x=1", with: "x=2"))
        #expect(bench.events.cachedCount == 1)
        try await bench.build(Self.text) { $0.buildArguments = ["SOURCE_DATE_EPOCH": "1700000000"] }
        #expect(bench.events.cachedCount == 0)
    }

    @Test("an argument counts where it is used")
    func usedArgument() async throws {
        let bench = try Self.bench()
        let text = "FROM scratch\nARG v=1\nCOPY a /a\nLABEL v=$v\n"
        try await bench.build(text)
        try await bench.build(text) { $0.buildArguments = ["v": "2"] }
        #expect(bench.events.cachedCount == 2)
    }

    @Test("noCache repeats every step, and the next build finds the results")
    func noCache() async throws {
        let bench = try Self.bench()
        try await bench.build(Self.text) { $0.noCache = true }
        try await bench.build(Self.text) { $0.noCache = true }
        #expect(bench.events.cachedCount == 0)
        try await bench.build(Self.text)
        #expect(bench.events.cachedCount == 4)
    }

    @Test("files that .dockerignore hides do not count")
    func ignoredFiles() async throws {
        let bench = try Self.bench()
        try bench.write(".dockerignore", "noise\n")
        try await bench.build("FROM scratch\nCOPY . /\n")
        try bench.write("noise", "new")
        try await bench.build("FROM scratch\nCOPY . /\n")
        #expect(bench.events.cachedCount == 1)
    }

    @Test("a step after cached ones sees their files")
    func afterCached() async throws {
        let bench = try Self.bench()
        try bench.write("etc/passwd", "me:x:5:6::/:\n")
        bench.link("s", to: "etc")
        let text = "FROM scratch\nCOPY etc /etc\nWORKDIR /w/v\n"
        try await bench.build(text)
        let digest = try await bench.build(text + "COPY --chown=me a .\nCOPY b /etc/\n")
        #expect(bench.events.cachedCount == 2)
        #expect(try await bench.entries(digest).suffix(2) == ["w/v/a 644 5:6 = A", "etc/b 644 0:0 = B"])
    }

    @Test("a stage that is copied from is known by what made it")
    func copyFrom() async throws {
        let bench = try Self.bench()
        let text = "FROM scratch AS s\nCOPY a b /x/\nFROM scratch\nCOPY --from=s /x/b /\n"
        let first = try await bench.build(text)
        #expect(try await bench.build(text) == first)
        #expect(bench.events.cachedCount == 2)
        // The other file of the stage changed: the copied one did not, and its layer is found by its content.
        try bench.write("a", "C")
        #expect(try await bench.build(text) == first)
        #expect(bench.events.cachedCount == 1)
    }

    @Test("a layer that garbage collection removed is made again")
    func lostLayer() async throws {
        let bench = try Self.bench()
        let first = try await bench.build(Self.text)
        for layer in try await bench.store.image(digest: first).layers {
            unlink(bench.store.blobs.path(of: layer.digest))
        }
        #expect(try await bench.build(Self.text) == first)
        #expect(bench.events.cachedCount == 2)
    }

    @Test("damaged records are as good as none")
    func damagedRecords() async throws {
        let bench = try Self.bench()
        let first = try await bench.build(Self.text)
        let folder = bench.scratch.path + "/data/build/cache"
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            try Data("{".utf8).write(to: URL(filePath: folder + "/" + name))
        }
        #expect(try await bench.build(Self.text) == first)
        #expect(bench.events.cachedCount == 0)
        try await bench.build(Self.text)
        #expect(bench.events.cachedCount == 4)
    }

    @Test("the cache can say which layers it has, and forget")
    func forget() async throws {
        let bench = try Self.bench()
        let digest = try await bench.build(Self.text)
        let layers = Set(try await bench.store.image(digest: digest).layers.map(\.digest))
        #expect(try await bench.builder.cachedLayers() == layers)
        #expect(try await bench.builder.forgetCache(usedBefore: 1000) == 0)
        #expect(try await bench.builder.forgetCache() == 4)
        #expect(try await bench.builder.cachedLayers() == [])
        try await bench.build(Self.text)
        #expect(bench.events.cachedCount == 0)
    }

    @Test("two builds at once, of the same and of other input, do not disturb each other")
    func concurrent() async throws {
        let bench = try Self.bench()
        try bench.write("Dockerfile", Self.text)
        let request = BuildRequest(contextDirectory: bench.context)
        let builder = bench.builder
        let digests = try await withThrowingTaskGroup(of: Digest.self) { group in
            for index in 0..<8 {
                var own = request
                own.noCache = index % 2 == 0
                let change = own
                group.addTask { try await builder.build(change) { _ in } }
            }
            return try await group.reduce(into: Set<Digest>()) { $0.insert($1) }
        }
        #expect(digests.count == 1)
    }

    @Test("a cancelled build ends as cancelled and names nothing")
    func cancelled() async throws {
        let bench = try Self.bench()
        try bench.write("Dockerfile", Self.text)
        var request = BuildRequest(contextDirectory: bench.context)
        request.tag = "never"
        let (builder, asked) = (bench.builder, request)
        let task = Task { () -> BuildError? in
            do throws(BuildError) {
                _ = try await builder.build(asked) { event in
                    if case .stepStarted = event { withUnsafeCurrentTask { $0?.cancel() } }
                }
                return nil
            } catch {
                return error
            }
        }
        #expect(await task.value == .cancelled)
        await #expect(throws: ImageError.self) { try await bench.store.resolve("never") }
    }
}
