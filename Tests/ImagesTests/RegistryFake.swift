// SPDX-License-Identifier: Apache-2.0
// A registry in memory with the faults that a test asks for. The pull and push suites drive it.

import Foundation
import FunctionModel
import Synchronization

@testable import OCI

/// Content of a registry and how it behaves.
struct FakeContent: Sendable {
    /// By repository and tag or digest: `app:latest`, `app@sha256:…`.
    var manifests: [String: (type: String, bytes: [UInt8])] = [:]
    var blobs: [String: [UInt8]] = [:]
    /// Repositories that a blob may be mounted from.
    var mountable: Set<String> = []
    var uploads: [String: [UInt8]] = [:]
    var uploadCount = 0
    /// For a blob's digest: break these answers, in order, after so many bytes.
    var breaks: [String: [Int]] = [:]
    /// For a path: these statuses first.
    var failures: [String: [TestReply]] = [:]
    /// Answers everything with 200 and the whole blob.
    var ignoresRanges = false
    /// For a digest: bytes to send instead.
    var lies: [String: [UInt8]] = [:]
    /// For a digest: where to redirect to.
    var redirects: [String: String] = [:]
    /// Breaks PATCH requests, in order, after taking so many bytes of each.
    var patchBreaks: [Int] = []
    var refusesChunks = false
}

/// Serves ``FakeContent`` by the distribution protocol.
final class FakeRegistry: Sendable {
    let content = Mutex(FakeContent())
    private let authority: Mutex<(@Sendable (TestRequest) -> TestReply?)>
    private let serverBox = Mutex<TestServer?>(nil)

    /// The authority may answer instead of the registry, for example with a challenge.
    init(authority: @escaping @Sendable (TestRequest) -> TestReply? = { _ in nil }) throws {
        self.authority = Mutex(authority)
        let server = try TestServer { [weak self] in self?.answer($0) ?? TestReply(500) }
        serverBox.withLock { $0 = server }
    }

    deinit { server?.stop() }

    var server: TestServer? { serverBox.withLock { $0 } }
    var host: String { server?.host ?? "" }
    var requests: [TestRequest] { server?.requests ?? [] }

    func setAuthority(_ authority: @escaping @Sendable (TestRequest) -> TestReply?) {
        self.authority.withLock { $0 = authority }
    }

    func edit(_ body: (inout FakeContent) -> Void) { content.withLock { body(&$0) } }

    /// Adds a blob and describes it.
    @discardableResult
    func addBlob(_ bytes: [UInt8], type: String = MediaType.layer) -> Descriptor {
        let digest = Digest(of: bytes)
        edit { $0.blobs["\(digest)"] = bytes }
        return Descriptor(mediaType: type, digest: digest, size: bytes.count)
    }

    /// Adds an image with the layers, by digest and by tag.
    @discardableResult
    func addImage(
        _ repository: String,
        tag: String? = "latest",
        layers: [[UInt8]],
        platform: Platform = .host
    ) throws -> Descriptor {
        var configuration = ImageConfiguration(platform: platform)
        configuration.rootfs.diffIDs = layers.map { Digest(of: $0) }
        let config = addBlob(
            try Documents.encode(configuration, name: "test"),
            type: MediaType.configuration
        )
        let manifest = Manifest(config: config, layers: layers.map { addBlob($0) })
        var descriptor = addManifest(
            repository,
            tag: tag,
            try Documents.encode(manifest, name: "test"),
            type: MediaType.manifest
        )
        descriptor.platform = platform
        return descriptor
    }

    @discardableResult
    func addIndex(_ repository: String, tag: String, _ manifests: [Descriptor]) throws -> Descriptor {
        let bytes = try Documents.encode(ImageIndex(manifests: manifests), name: "test")
        return addManifest(repository, tag: tag, bytes, type: MediaType.index)
    }

    @discardableResult
    func addManifest(_ repository: String, tag: String?, _ bytes: [UInt8], type: String) -> Descriptor {
        let digest = Digest(of: bytes)
        edit { content in
            content.manifests["\(repository)@\(digest)"] = (type, bytes)
            if let tag { content.manifests["\(repository):\(tag)"] = (type, bytes) }
        }
        return Descriptor(mediaType: type, digest: digest, size: bytes.count)
    }

    private func answer(_ request: TestRequest) -> TestReply {
        let authority = authority.withLock { $0 }
        if let reply = authority(request) { return reply }
        return content.withLock { content in
            if let failure = content.failures[request.path]?.first {
                content.failures[request.path]?.removeFirst()
                return failure
            }
            let parts = request.path.split(separator: "/").map(String.init)
            guard parts.first == "v2" else { return TestReply(404) }
            guard parts.count >= 4 else { return TestReply(200) }
            let last = parts[parts.count - 1]
            if parts.contains("uploads") { return Self.upload(request, parts, &content) }
            let repository = parts[1..<(parts.count - 2)].joined(separator: "/")
            switch parts[parts.count - 2] {
            case "manifests": return Self.manifest(request, repository, last, &content)
            case "blobs": return Self.blob(request, last, &content)
            default: return TestReply(404)
            }
        }
    }
}

extension FakeRegistry {
    static func error(_ status: Int, _ code: String, _ message: String) -> TestReply {
        let body = #"{"errors":[{"code":"\#(code)","message":"\#(message)","detail":null}]}"#
        return TestReply(status, ["Content-Type": "application/json"], text: body)
    }

    private static func manifest(
        _ request: TestRequest,
        _ repository: String,
        _ name: String,
        _ content: inout FakeContent
    ) -> TestReply {
        let key = name.hasPrefix("sha256:") ? "\(repository)@\(name)" : "\(repository):\(name)"
        if request.method == "PUT" {
            let digest = Digest(of: request.body)
            let stored = (type: request.fields["content-type"] ?? "", bytes: request.body)
            content.manifests[key] = stored
            content.manifests["\(repository)@\(digest)"] = stored
            return TestReply(201, ["Docker-Content-Digest": "\(digest)"])
        }
        guard let found = content.manifests[key] else {
            return error(404, "MANIFEST_UNKNOWN", "manifest unknown")
        }
        return TestReply(200, ["Content-Type": found.type + "; charset=utf-8"], body: found.bytes)
    }

    private static func blob(_ request: TestRequest, _ digest: String, _ content: inout FakeContent)
        -> TestReply
    {
        if let target = content.redirects[digest] {
            return TestReply(307, ["Location": target], text: "elsewhere")
        }
        guard let whole = content.lies[digest] ?? content.blobs[digest] else {
            return error(404, "BLOB_UNKNOWN", "blob unknown to registry")
        }
        var reply = TestReply(200, body: whole)
        if let range = request.fields["range"], !content.ignoresRanges,
            let first = Int(range.dropFirst("bytes=".count).dropLast())
        {
            guard first < whole.count else { return TestReply(416) }
            let span = "bytes \(first)-\(whole.count - 1)/\(whole.count)"
            reply = TestReply(206, ["Content-Range": span], body: Array(whole[first...]))
        }
        if request.method == "GET", let after = content.breaks[digest]?.first {
            content.breaks[digest]?.removeFirst()
            reply.breakAfter = after
        }
        return reply
    }

    private static func upload(_ request: TestRequest, _ parts: [String], _ content: inout FakeContent)
        -> TestReply
    {
        let query = request.query.removingPercentEncoding ?? request.query
        let fields = Dictionary(
            query.split(separator: "&").map { pair in
                let ends = pair.split(separator: "=", maxSplits: 1).map(String.init)
                return (ends[0], ends.count > 1 ? ends[1] : "")
            },
            uniquingKeysWith: { first, _ in first }
        )
        if request.method == "POST" {
            if let source = fields["from"], content.mountable.contains(source) { return TestReply(201) }
            content.uploadCount += 1
            let id = "upload\(content.uploadCount)"
            content.uploads[id] = []
            return TestReply(202, ["Location": request.path + id + "?state=x%2Fy", "Range": "0-0"])
        }
        let id = parts[parts.count - 1]
        guard let held = content.uploads[id], fields["state"] == "x/y" else {
            return error(404, "BLOB_UPLOAD_UNKNOWN", "upload unknown")
        }
        let here = ["Location": request.path + "?state=x%2Fy", "Range": "0-\(max(0, held.count - 1))"]
        switch request.method {
        case "GET": return TestReply(204, here)
        case "PATCH":
            if content.refusesChunks { return error(405, "UNSUPPORTED", "no chunks here") }
            let first = request.fields["content-range"]?.split(separator: "-").first.flatMap { Int($0) } ?? 0
            guard first == held.count else { return TestReply(416, here) }
            if let taken = content.patchBreaks.first {
                content.patchBreaks.removeFirst()
                content.uploads[id]?.append(contentsOf: request.body.prefix(taken))
                var reply = TestReply(500)
                reply.isSilent = true
                return reply
            }
            content.uploads[id]?.append(contentsOf: request.body)
            let end = held.count + request.body.count - 1
            return TestReply(202, ["Location": request.path + "?state=x%2Fy", "Range": "0-\(end)"])
        default:
            let whole = held + request.body
            guard "\(Digest(of: whole))" == fields["digest"] else {
                return error(400, "DIGEST_INVALID", "no")
            }
            content.uploads[id] = nil
            content.blobs["\(Digest(of: whole))"] = whole
            return TestReply(201)
        }
    }
}
