// SPDX-License-Identifier: Apache-2.0
// Round trips with the distribution's registry and skopeo: what we write they take, what they write we take.

import CSandbox
import ImageStore
import Foundation
import FunctionModel
import Testing

@testable import OCI
@testable import Registry

@Suite(
    "Registry tools",
    .enabled(if: RegistryTool.hasRegistry, "docker-registry and skopeo are not installed")
)
struct RegistryToolTests {
    let fixture: RegistryFixture

    init() throws { fixture = try RegistryFixture() }

    private var folder: String { fixture.scratch.path }

    /// A gzipped tar, as tools expect in a layer.
    private func layer(_ seed: UInt64, _ count: Int = 300_000) async throws -> [UInt8] {
        try fixture.scratch.write(noise(count, seed: seed), to: "content\(seed)")
        try await RegistryTool.run(
            "tar",
            ["--owner=0", "-czf", "layer\(seed).tgz", "content\(seed)"],
            in: folder
        )
        return Array(try Data(contentsOf: URL(fileURLWithPath: folder + "/layer\(seed).tgz")))
    }

    /// An image with gzipped layers, in the store.
    private func addImage(_ seeds: [UInt64], _ platform: Platform = .host) async throws -> Descriptor {
        var configuration = ImageConfiguration(platform: platform)
        var layers: [Descriptor] = []
        for seed in seeds {
            let bytes = try await layer(seed)
            let digest = try fixture.blobs.put(bytes)
            layers.append(Descriptor(mediaType: MediaType.layerGzip, digest: digest, size: bytes.count))
            configuration.rootfs.diffIDs.append(Digest(of: noise(8, seed: seed)))
        }
        let bytes = try Documents.encode(configuration, name: "test")
        let config = Descriptor(
            mediaType: MediaType.configuration,
            digest: try fixture.blobs.put(bytes),
            size: bytes.count
        )
        let manifest = try Documents.encode(Manifest(config: config, layers: layers), name: "test")
        return Descriptor(
            mediaType: MediaType.manifest,
            digest: try fixture.blobs.put(manifest),
            size: manifest.count,
            platform: platform
        )
    }

    private func push(
        _ root: Digest,
        to name: String,
        _ edit: (inout RegistryClient.Options) -> Void = { _ in }
    ) async throws {
        _ = try await fixture.client(edit).push(
            root,
            from: fixture.blobs,
            to: ImageReference(name),
            events: fixture.events.listener
        )
    }

    private func skopeo(_ arguments: String...) async throws -> String {
        let tls = ["--src-tls-verify=false", "--dest-tls-verify=false"]
        let options = arguments[0] == "copy" ? tls : ["--tls-verify=false"]
        return try await RegistryTool.run("skopeo", arguments + options, in: folder)
    }

    private func isWhole(_ pulled: PulledImage, in other: RegistryFixture) -> Bool {
        StoredTree(other.blobs).isWhole(pulled.manifest.digest)
    }

    @Test("skopeo reads what we pushed, and we pull what skopeo wrote, in both of its formats")
    func roundTrip() async throws {
        let registry = try await RegistryProcess(folder: folder)
        let image = try await addImage([1, 2, 3])
        try await push(image.digest, to: "\(registry.host)/team/app:v1")
        let text = try await skopeo("inspect", "docker://\(registry.host)/team/app:v1")
        #expect(text.contains("\"Digest\": \"\(image.digest)\""))
        for format in ["oci", "v2s2"] {
            let target = "\(registry.host)/\(format)/copy:v1"
            let source = "docker://\(registry.host)/team/app:v1"
            _ = try await skopeo("copy", "--format", format, source, "docker://" + target)
            let other = try RegistryFixture()
            let pulled = try await other.pull(target)
            #expect(isWhole(pulled, in: other))
            let type = format == "oci" ? MediaType.manifest : MediaType.dockerManifest
            #expect(pulled.manifest.mediaType == type)
        }
    }

    @Test("an index of several platforms goes there, is copied by skopeo, and each platform comes back")
    func index() async throws {
        let registry = try await RegistryProcess(folder: folder)
        let platforms = ["amd64", "arm64", "s390x"].map { Platform(architecture: $0) }
        var children: [Descriptor] = []
        for (seed, platform) in platforms.enumerated() {
            children.append(try await addImage([UInt64(seed + 1), 9], platform))
        }
        let bytes = try Documents.encode(ImageIndex(manifests: children), name: "test")
        let root = try fixture.blobs.put(bytes)
        try await push(root, to: "\(registry.host)/app:multi")
        let target = "\(registry.host)/other:multi"
        _ = try await skopeo("copy", "--all", "docker://\(registry.host)/app:multi", "docker://" + target)
        for (platform, child) in zip(platforms, children) {
            let other = try RegistryFixture()
            let pulled = try await other.pull(target, platform: platform)
            #expect(pulled.root.digest == root && pulled.manifest.digest == child.digest)
            #expect(isWhole(pulled, in: other))
        }
    }

    @Test("a chunked upload arrives whole")
    func chunked() async throws {
        let registry = try await RegistryProcess(folder: folder)
        let image = try await addImage([1])
        try await push(image.digest, to: "\(registry.host)/app:v1") { options in
            options.monolithicBytesMax = 1000
            options.chunkBytes = 70_000
        }
        let other = try RegistryFixture()
        #expect(isWhole(try await other.pull("\(registry.host)/app:v1"), in: other))
    }

    @Test("half a layer is completed by a range")
    func range() async throws {
        let registry = try await RegistryProcess(folder: folder)
        let image = try await addImage([1])
        let manifest = try fixture.blobs.read(image.digest, limit: 1 << 20, for: "test")
        guard case .manifest(let content) = try Documents.manifestOrIndex(manifest, name: "test") else {
            return
        }
        let bytes = try fixture.blobs.read(content.layers[0].digest, limit: 1 << 20, for: "test")
        try await push(image.digest, to: "\(registry.host)/app:v1")
        let other = try RegistryFixture()
        let partial = other.blobs.partialDirectory + "/" + Digest(of: bytes).hex
        try Data(bytes.prefix(100_000)).write(to: URL(fileURLWithPath: partial))
        #expect(isWhole(try await other.pull("\(registry.host)/app@\(image.digest)"), in: other))
        #expect(other.events.all.contains(.resumed(Digest(of: bytes), fromByte: 100_000)))
        #expect(!other.events.all.contains(.restarted(Digest(of: bytes))))
    }

    @Test("layers of another repository are mounted, not sent")
    func mount() async throws {
        let registry = try await RegistryProcess(folder: folder)
        let image = try await addImage([1, 2])
        for name in ["base", "app"] {
            _ = try await fixture.images.register(
                manifest: image.digest,
                reference: "\(registry.host)/\(name)"
            )
            _ = try await fixture.images.push(
                "\(registry.host)/\(name)",
                using: fixture.client(),
                events: fixture.events.listener
            )
        }
        let mounts = fixture.events.all.filter {
            if case .mounted(_, from: "base") = $0 { true } else { false }
        }
        #expect(mounts.count == 3)
        let other = try RegistryFixture()
        #expect(isWhole(try await other.pull("\(registry.host)/app"), in: other))
    }

    @Test("a login is kept in a private file that we and skopeo use; a wrong one is not kept")
    func login() async throws {
        let registry = try await RegistryProcess(folder: folder, asksPassword: true)
        let file = DockerConfigFile.Locations(path: folder + "/auth/config.json")
        let client = fixture.client { $0.credentials = .file(file) }
        let wrong = Credential(user: RegistryProcess.user, secret: "wrong")
        await #expect {
            try await client.check(wrong, for: registry.host)
        } throws: { error in
            if case RegistryError.notAllowed = error { true } else { false }
        }
        #expect(fixture.scratch.read("auth/config.json") == nil)
        let right = Credential(user: RegistryProcess.user, secret: RegistryProcess.password)
        try await client.check(right, for: registry.host)
        try await RegistryClient.keep(right, for: registry.host, locations: file)
        #expect(fixture.scratch.status("auth/config.json").map { $0.st_mode & 0o777 } == 0o600)
        let image = try await addImage([1])
        try await push(image.digest, to: "\(registry.host)/app:v1") { $0.credentials = .file(file) }
        let reference = "docker://\(registry.host)/app:v1"
        let text = try await skopeo("inspect", "--authfile", folder + "/auth/config.json", reference)
        #expect(text.contains("\(image.digest)"))
        try await RegistryClient.keep(nil, for: registry.host, locations: file)
        await #expect(throws: RegistryError.self) {
            try await fixture.client { $0.credentials = .file(file) }.ping(registry.host)
        }
    }
}
