// SPDX-License-Identifier: Apache-2.0
// Images made of nothing but test bytes, in the forms that other tools write.

import Foundation
import FunctionModel

@testable import ImageStore
@testable import OCI

/// An image under construction.
struct SampleImage {
    var configuration = ImageConfiguration()
    var layers: [[UInt8]]

    /// One layer with one file, by default.
    init(_ layers: [RawTar]? = nil, platform: Platform = .host) throws {
        var tar = RawTar()
        tar.add("hello", content: "hello, world", mode: 0o755)
        self.layers = (layers ?? [tar]).map(\.finished)
        configuration = ImageConfiguration(platform: platform)
        configuration.config?.command = ["/hello"]
        configuration.rootfs.diffIDs = self.layers.map { Digest(of: $0) }
    }

    var configurationBytes: [UInt8] {
        get throws { try Documents.encode(configuration, name: "configuration") }
    }

    /// What `docker save` wrote before version 25: folders by id, configuration by digest.
    func dockerArchive(tags: [String]?, layerNames: [String]? = nil) throws -> [UInt8] {
        var tar = RawTar()
        var names: [String] = []
        for (index, layer) in layers.enumerated() {
            let name = layerNames?[index] ?? "layer\(index)/layer.tar"
            names.append(name)
            tar.add(name, content: String(decoding: layer, as: UTF8.self))
        }
        let configurationName = Digest(of: try configurationBytes).hex + ".json"
        tar.add(configurationName, content: String(decoding: try configurationBytes, as: UTF8.self))
        let items = [DockerArchiveReader.Item(config: configurationName, repositoryTags: tags, layers: names)]
        let listing = try Documents.encode(items, name: "manifest.json")
        tar.add("manifest.json", content: String(decoding: listing, as: UTF8.self))
        return tar.finished
    }

    /// The files of an OCI layout, by path.
    func layout(reference: String?, manifestType: String = MediaType.manifest) throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        func add(_ bytes: [UInt8], _ type: String) -> Descriptor {
            let digest = Digest(of: bytes)
            files["blobs/sha256/" + digest.hex] = bytes
            return Descriptor(mediaType: type, digest: digest, size: bytes.count)
        }
        let manifest = Manifest(
            config: add(try configurationBytes, MediaType.configuration),
            layers: layers.map { add($0, MediaType.layer) }
        )
        var entry = add(try Documents.encode(manifest, name: "manifest"), manifestType)
        entry.annotations = reference.map { [Annotation.referenceName: $0] }
        files["index.json"] = try Documents.encode(ImageIndex(manifests: [entry]), name: "index")
        files["oci-layout"] = Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8)
        return files
    }
}

extension Image {
    /// What its containers execute, as the planner has it.
    func command(overriding command: [String]? = nil) -> [String] {
        ContainerPlanner.arguments(execution, command: command)
    }
}

extension Scratch {
    /// Writes files below `folder`, making folders.
    func write(_ files: [String: [UInt8]], below folder: String) throws {
        for (name, bytes) in files {
            let path = folder + "/" + name
            try Directories.make(self.path + "/" + ArchivePath.folder(of: path))
            try write(bytes, to: path)
        }
    }

    /// Runs a tool of the distribution.
    ///
    /// - Returns: whether it exited with 0, and what it said.
    func run(_ command: String...) throws -> (isFine: Bool, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.currentDirectoryURL = URL(fileURLWithPath: path)
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus == 0, String(decoding: output, as: UTF8.self))
    }
}

/// Which tools of the distribution are installed.
enum Tool {
    static func isInstalled(_ name: String) -> Bool {
        ["/usr/bin/", "/usr/local/bin/"].contains { FileManager.default.isExecutableFile(atPath: $0 + name) }
    }
}
