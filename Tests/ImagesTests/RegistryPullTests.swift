// SPDX-License-Identifier: Apache-2.0
// Pulling from a registry that behaves, and from one whose connections and content do not.

import ImageStore
import Foundation
import FunctionModel
import Testing

@testable import OCI
@testable import Registry

@Suite("Registry pull")
struct RegistryPullTests {
    let fixture: RegistryFixture
    let registry: FakeRegistry

    init() throws {
        fixture = try RegistryFixture()
        registry = try FakeRegistry()
    }

    private func gets(_ part: String) -> [TestRequest] {
        registry.requests.filter { $0.method == "GET" && $0.path.contains(part) }
    }

    @Test("an image comes with manifest, configuration and every layer, each asked for once")
    func whole() async throws {
        let layers = (0..<6).map { noise(200_000, seed: $0) }
        let image = try registry.addImage("team/app", layers: layers + [layers[0]])
        let pulled = try await fixture.pull("\(registry.host)/team/app")
        #expect(pulled.root.digest == image.digest && pulled.manifest.digest == image.digest)
        for layer in layers { #expect(fixture.blobs.size(of: Digest(of: layer)) == layer.count) }
        #expect(gets("/blobs/").count == 7)
        #expect(fixture.partials.isEmpty)
    }

    @Test("a second pull fetches the manifest only")
    func again() async throws {
        try registry.addImage("app", layers: [noise(1000, seed: 1)])
        try await fixture.pull("\(registry.host)/app")
        let before = registry.requests.count
        try await fixture.pull("\(registry.host)/app")
        #expect(registry.requests.dropFirst(before).map(\.path) == ["/v2/app/manifests/latest"])
    }

    @Test("the platform's image is taken from an index, others are not fetched")
    func index() async throws {
        let other = Platform(architecture: "s390x")
        let foreign = try registry.addImage("app", tag: nil, layers: [noise(10, seed: 1)], platform: other)
        let own = try registry.addImage("app", tag: nil, layers: [noise(10, seed: 2)])
        let index = try registry.addIndex("app", tag: "v1", [foreign, own])
        let pulled = try await fixture.pull("\(registry.host)/app:v1")
        #expect(pulled.root.digest == index.digest && pulled.manifest.digest == own.digest)
        #expect(fixture.blobs.size(of: Digest(of: noise(10, seed: 1))) == nil)
        let asked = try await fixture.pull("\(registry.host)/app:v1", platform: other)
        #expect(asked.manifest.digest == foreign.digest)
    }

    @Test("the name of an index refers to the host's image, or to another platform's when it is requested")
    func byName() async throws {
        let other = Platform(architecture: "s390x")
        let foreign = try registry.addImage("app", tag: nil, layers: [noise(10, seed: 1)], platform: other)
        let own = try registry.addImage("app", tag: nil, layers: [noise(10, seed: 2)])
        let index = try registry.addIndex("app", tag: "latest", [foreign, own])
        let name = "\(registry.host)/app"
        #expect(try await fixture.images.pull(name, using: fixture.client()).digest == own.digest)
        #expect(try await fixture.images.references.get(name + ":latest")?.digest == index.digest)
        let asked = try await fixture.images.pull(name, platform: other, using: fixture.client())
        #expect(asked.digest == foreign.digest)
        #expect(try await fixture.images.references.get(name + ":latest")?.digest == foreign.digest)
    }

    @Test("an index without the platform says which ones it has")
    func noPlatform() async throws {
        let only = try registry.addImage("app", tag: nil, layers: [], platform: .init(architecture: "s390x"))
        try registry.addIndex("app", tag: "latest", [only])
        await #expect(
            throws: RegistryError.noPlatform(
                reference: "\(registry.host)/app:latest",
                wanted: "\(Platform.host)",
                offered: ["linux/s390x"]
            )
        ) { try await fixture.pull("\(registry.host)/app") }
    }

    @Test("an entry without a platform is judged by its configuration")
    func unnamed() async throws {
        var foreign = try registry.addImage(
            "app",
            tag: nil,
            layers: [],
            platform: .init(architecture: "s390x")
        )
        var own = try registry.addImage("app", tag: nil, layers: [noise(10, seed: 2)])
        (foreign.platform, own.platform) = (nil, nil)
        try registry.addIndex("app", tag: "latest", [foreign, own])
        let pulled = try await fixture.pull("\(registry.host)/app")
        #expect(pulled.manifest.digest == own.digest)
    }

    @Test("a download that breaks twice continues where it stopped")
    func resume() async throws {
        let layer = noise(300_000, seed: 7)
        try registry.addImage("app", layers: [layer])
        registry.edit { $0.breaks["\(Digest(of: layer))"] = [100_000, 50_000] }
        try await fixture.pull("\(registry.host)/app")
        let ranges = gets("\(Digest(of: layer))").map { $0.fields["range"] }
        #expect(ranges == [nil, "bytes=100000-", "bytes=150000-"])
        #expect(fixture.blobs.size(of: Digest(of: layer)) == layer.count)
        #expect(fixture.events.all.contains(.resumed(Digest(of: layer), fromByte: 100_000)))
    }

    @Test("a server that knows no ranges sends everything again")
    func restart() async throws {
        let layer = noise(300_000, seed: 7)
        try registry.addImage("app", layers: [layer])
        registry.edit { content in
            content.breaks["\(Digest(of: layer))"] = [100_000]
            content.ignoresRanges = true
        }
        try await fixture.pull("\(registry.host)/app")
        #expect(fixture.blobs.size(of: Digest(of: layer)) == layer.count)
        #expect(fixture.events.all.contains(.restarted(Digest(of: layer))))
    }

    @Test("what a pull that gave up had fetched is not fetched again by the next one")
    func resumeLater() async throws {
        let layer = noise(300_000, seed: 7)
        try registry.addImage("app", layers: [layer])
        registry.edit { $0.breaks["\(Digest(of: layer))"] = [100_000] + Array(repeating: 0, count: 4) }
        await #expect(throws: RegistryError.self) { try await fixture.pull("\(registry.host)/app") }
        #expect(fixture.partials == [Digest(of: layer).hex])
        let before = registry.requests.count
        try await fixture.pull("\(registry.host)/app")
        let ranges = registry.requests.dropFirst(before).compactMap { $0.fields["range"] }
        #expect(ranges == ["bytes=100000-"])
        #expect(fixture.partials.isEmpty)
    }

    @Test("a wrong part of an earlier pull is found out and fetched again")
    func wrongPart() async throws {
        let layer = noise(300_000, seed: 7)
        try registry.addImage("app", layers: [layer])
        try Data(noise(1000, seed: 8)).write(
            to: URL(fileURLWithPath: fixture.blobs.partialDirectory + "/" + Digest(of: layer).hex)
        )
        try await fixture.pull("\(registry.host)/app")
        #expect(fixture.blobs.size(of: Digest(of: layer)) == layer.count)
    }

    @Test(
        "content with a wrong digest is refused and leaves nothing",
        arguments: [300_000, 300_001, 299_999]
    )
    func lie(length: Int) async throws {
        let layer = noise(300_000, seed: 7)
        let digest = Digest(of: layer)
        try registry.addImage("app", layers: [layer])
        registry.edit { $0.lies["\(digest)"] = noise(length, seed: 8) }
        await #expect(throws: RegistryError.self) { try await fixture.pull("\(registry.host)/app") }
        #expect(fixture.blobs.size(of: digest) == nil)
        // A short part may be the beginning of the right content; the next pull finds out.
        if length >= layer.count { #expect(fixture.partials.isEmpty) }
    }

    @Test("a busy registry is asked again, after as long as it says")
    func busy() async throws {
        let layer = noise(1000, seed: 1)
        try registry.addImage("app", layers: [layer])
        registry.edit { content in
            content.failures["/v2/app/manifests/latest"] = [
                TestReply(503, ["Retry-After": "0"]), TestReply(429),
            ]
            content.failures["/v2/app/blobs/\(Digest(of: layer))"] = [TestReply(500), TestReply(502)]
        }
        try await fixture.pull("\(registry.host)/app")
        #expect(gets("/manifests/").count == 3 && gets("\(Digest(of: layer))").count == 3)
    }

    @Test("absent, forbidden, unreachable and refused are distinguished, in the registry's own words")
    func errors() async throws {
        try registry.addImage("app", layers: [])
        let name = "\(registry.host)/app:none"
        await #expect(throws: missing(name)) { try await fixture.pull(name) }
        registry.setAuthority { _ in FakeRegistry.error(403, "DENIED", "requested access is denied") }
        await #expect { try await fixture.pull(name) } throws: { error in
            guard case RegistryError.notAllowed(let answer) = error else { return false }
            return answer.code == "DENIED" && answer.message == "requested access is denied"
        }
        registry.setAuthority { _ in TestReply(418, ["Content-Type": "text/plain"], text: "a teapot\u{1B}[1m")
        }
        await #expect { try await fixture.pull(name) } throws: { error in
            guard case RegistryError.refused(let answer) = error else { return false }
            return answer.status == 418 && answer.message == "a teapot [1m"
        }
        registry.server?.stop()
        await #expect { try await fixture.pull(name) } throws: { error in
            if case RegistryError.unreachable = error { true } else { false }
        }
    }

    private func missing(_ name: String) -> RegistryError {
        .notFound(
            RegistryAnswer(
                subject: name,
                host: registry.host,
                status: 404,
                code: "MANIFEST_UNKNOWN",
                message: "manifest unknown"
            )
        )
    }

    @Test("cancelling a pull ends it")
    func cancel() async throws {
        let layer = noise(10_000, seed: 1)
        try registry.addImage("app", layers: [layer])
        registry.edit {
            $0.failures["/v2/app/blobs/\(Digest(of: layer))"] = Array(repeating: TestReply(503), count: 9)
        }
        let client = fixture.client {
            $0.retry.delayFirst = .seconds(600); $0.retry.delayMax = .seconds(600)
        }
        let name = "\(registry.host)/app"
        let (blobs, events) = (fixture.blobs, fixture.events)
        let task = Task {
            let reference = try ImageReference(name)
            return try await client.pull(reference, platform: .host, into: blobs, events: events.listener)
        }
        while !events.all.contains(where: { if case .retrying = $0 { true } else { false } }) {
            try await Task.sleep(for: .milliseconds(5))
        }
        task.cancel()
        await #expect(throws: RegistryError.cancelled) { try await task.value }
    }
}
