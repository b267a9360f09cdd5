// SPDX-License-Identifier: Apache-2.0
// Pushing: what is there already, mounts, whole and chunked uploads, and uploads that break.

import ImageStore
import Foundation
import FunctionModel
import Synchronization
import Testing

@testable import OCI
@testable import Registry

@Suite("Registry push")
struct RegistryPushTests {
    let fixture: RegistryFixture
    let registry: FakeRegistry

    init() throws {
        fixture = try RegistryFixture()
        registry = try FakeRegistry()
    }

    private func push(
        _ root: Digest,
        to name: String = "app:v1",
        mountable: [Digest: String] = [:],
        _ edit: (inout RegistryClient.Options) -> Void = { _ in }
    ) async throws -> Digest {
        try await fixture.client(edit).push(
            root,
            from: fixture.blobs,
            to: ImageReference("\(registry.host)/\(name)"),
            mountable: mountable,
            events: fixture.events.listener
        )
    }

    private func count(_ method: String) -> Int { registry.requests.filter { $0.method == method }.count }

    private func holds(_ bytes: [UInt8]) -> Bool {
        registry.content.withLock { $0.blobs["\(Digest(of: bytes))"] == bytes }
    }

    @Test("blobs go first, then the manifest with exactly its bytes and type; a second push sends nothing")
    func whole() async throws {
        let layers = [noise(2_000_000, seed: 1), noise(100, seed: 2), []]
        let image = try fixture.addImage(layers)
        #expect(try await push(image.digest) == image.digest)
        for layer in layers { #expect(holds(layer)) }
        let last = try #require(registry.requests.last)
        #expect(last.path == "/v2/app/manifests/v1" && Digest(of: last.body) == image.digest)
        #expect(last.fields["content-type"] == MediaType.manifest)
        let posts = count("POST")
        #expect(posts == 4)
        _ = try await push(image.digest)
        #expect(count("POST") == posts)
    }

    @Test("a large blob goes in chunks, and a broken chunk continues from what the registry has")
    func chunks() async throws {
        let layer = noise(1_000_000, seed: 1)
        let image = try fixture.addImage([layer])
        registry.edit { $0.patchBreaks = [100_000] }
        _ = try await push(image.digest) { options in
            options.monolithicBytesMax = 500_000
            options.chunkBytes = 300_000
            // URLSession notices a connection that dies below a body by its silence.
            options.idleTimeoutSeconds = 2
        }
        #expect(holds(layer))
        let ranges = registry.requests.filter { $0.method == "PATCH" }.map { $0.fields["content-range"] }
        #expect(ranges == ["0-299999", "100000-399999", "400000-699999", "700000-999999"])
    }

    @Test("a registry that knows no chunks gets the blob whole")
    func noChunks() async throws {
        let layer = noise(2_000_000, seed: 1)
        let image = try fixture.addImage([layer])
        registry.edit { $0.refusesChunks = true }
        _ = try await push(image.digest) { $0.monolithicBytesMax = 500_000 }
        #expect(holds(layer))
        #expect(count("PATCH") == 1)
    }

    @Test("a blob of another repository is mounted; when that is not possible it is sent")
    func mount() async throws {
        let (first, second) = (noise(1000, seed: 1), noise(1000, seed: 2))
        let image = try fixture.addImage([first, second])
        registry.edit { $0.mountable = ["base"] }
        let mountable = [Digest(of: first): "base", Digest(of: second): "absent"]
        _ = try await push(image.digest, mountable: mountable)
        #expect(fixture.events.all.contains(.mounted(Digest(of: first), from: "base")))
        #expect(!holds(first) && holds(second))
    }

    @Test("an index is pushed after all of its manifests")
    func index() async throws {
        let one = try fixture.addImage([noise(100, seed: 1)], platform: .init(architecture: "amd64"))
        let two = try fixture.addImage([noise(100, seed: 2)], platform: .init(architecture: "arm64"))
        let bytes = try Documents.encode(ImageIndex(manifests: [one, two]), name: "test")
        let root = try fixture.blobs.put(bytes)
        _ = try await push(root, to: "app:multi")
        let puts = registry.requests.filter { $0.method == "PUT" && $0.path.contains("/manifests/") }
        #expect(
            puts.map(\.path) == [
                "/v2/app/manifests/\(one.digest)", "/v2/app/manifests/\(two.digest)",
                "/v2/app/manifests/multi",
            ]
        )
        #expect(puts.last?.fields["content-type"] == MediaType.index)
    }

    @Test("a refused manifest is reported in the registry's words")
    func refused() async throws {
        let image = try fixture.addImage([])
        registry.edit { content in
            content.failures["/v2/app/manifests/v1"] = [
                FakeRegistry.error(400, "MANIFEST_INVALID", "we do not like it")
            ]
        }
        await #expect { try await push(image.digest) } throws: { error in
            guard case RegistryError.refused(let answer) = error else { return false }
            return answer.code == "MANIFEST_INVALID" && answer.message == "we do not like it"
        }
    }

    @Test("layers of another repository at the same registry are mounted from there")
    func byName() async throws {
        let shared = noise(1000, seed: 1)
        let base = try fixture.addImage([shared])
        let app = try fixture.addImage([shared, noise(1000, seed: 2)])
        let host = registry.host
        for (name, image) in [("base", base), ("app", app)] {
            let reference = try ImageReference("\(host)/\(name)").description
            _ = try await fixture.images.register(manifest: image.digest, reference: reference)
        }
        registry.edit { $0.mountable = ["base"] }
        let digest = try await fixture.images.push(
            "\(host)/app",
            using: fixture.client(),
            events: fixture.events.listener
        )
        #expect(digest == app.digest)
        #expect(fixture.events.all.contains(.mounted(Digest(of: shared), from: "base")))
    }
}
