// SPDX-License-Identifier: Apache-2.0
// OCI images written by hand: whole ones, and ones with something wrong.

import Foundation

/// An image of one layer, to be written as an OCI layout folder or archive (image-spec, image-layout.md).
struct ImageFixture {
    var members: [TarMember]
    var architecture = ImageFixture.hostArchitecture
    var command = ["/hello"]
    /// What the configuration says the layer's digest is; nil means the truth.
    var claimedDiffID: String?
    /// Bytes that are written instead of the layer's own, under the layer's own digest.
    var forgedLayer: Data?

    static var hostArchitecture: String {
        #if arch(arm64)
            "arm64"
        #else
            "amd64"
        #endif
    }

    static var foreignArchitecture: String { hostArchitecture == "amd64" ? "arm64" : "amd64" }

    /// An image with the hello program.
    static func hello() async throws -> ImageFixture {
        let program = try Data(
            contentsOf: URL(fileURLWithPath: try await Fixtures.function("hello") + "/hello")
        )
        return ImageFixture(members: [TarMember(name: "hello", content: program)])
    }

    /// Writes a layout folder whose only image is named `name`.
    func write(to folder: URL, name: String) async throws {
        let blobs = folder.appendingPathComponent("blobs/sha256")
        try FileManager.default.createDirectory(at: blobs, withIntermediateDirectories: true)
        let layer = Tar.archive(members)
        let layerDigest = try await Self.store(layer, in: blobs)
        if let forgedLayer { try forgedLayer.write(to: blobs.appendingPathComponent(layerDigest)) }
        let words = command.map { "\"\($0)\"" }.joined(separator: ",")
        let configuration = Data(
            """
            {"architecture":"\(architecture)","os":"linux","config":{"Cmd":[\(words)]},
            "rootfs":{"type":"layers","diff_ids":["sha256:\(claimedDiffID ?? layerDigest)"]}}
            """.utf8
        )
        let configurationDigest = try await Self.store(configuration, in: blobs)
        let manifest = Data(
            """
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
            "config":{"mediaType":"application/vnd.oci.image.config.v1+json",
            "digest":"sha256:\(configurationDigest)","size":\(configuration.count)},
            "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar",
            "digest":"sha256:\(layerDigest)","size":\(layer.count)}]}
            """.utf8
        )
        let manifestDigest = try await Self.store(manifest, in: blobs)
        let index = """
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json",
            "manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",
            "digest":"sha256:\(manifestDigest)","size":\(manifest.count),
            "annotations":{"org.opencontainers.image.ref.name":"\(name)"}}]}
            """
        try Data(index.utf8).write(to: folder.appendingPathComponent("index.json"))
        try Data(#"{"imageLayoutVersion":"1.0.0"}"#.utf8)
            .write(to: folder.appendingPathComponent("oci-layout"))
    }

    /// Writes the same as one archive.
    func writeArchive(to file: URL, name: String) async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        try await write(to: folder.url, name: name)
        try await Command.require(
            "tar",
            "-C",
            folder.url.path,
            "-cf",
            file.path,
            "oci-layout",
            "index.json",
            "blobs"
        )
    }

    /// Stores a blob under its digest, which it returns without the algorithm.
    private static func store(_ blob: Data, in blobs: URL) async throws -> String {
        let file = blobs.appendingPathComponent("new")
        try blob.write(to: file)
        let digest = String(try await Command.require("sha256sum", file.path).prefix(64))
        let target = blobs.appendingPathComponent(digest)
        if FileManager.default.fileExists(atPath: target.path) {
            try FileManager.default.removeItem(at: file)
        } else {
            try FileManager.default.moveItem(at: file, to: target)
        }
        return digest
    }
}
