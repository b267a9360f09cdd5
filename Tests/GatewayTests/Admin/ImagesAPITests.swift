// SPDX-License-Identifier: Apache-2.0
// Images and builds over HTTP, with the real image store below.

import Foundation
import FunctionModel
import FunctionStore
import GatewayAPI
import ImageBuilder
import ImageStore
import Scheduler
import Testing

@testable import Gateway

@Suite struct ImagesAPITests {
    private static func send(
        _ gateway: TestGateway,
        _ method: String,
        _ path: String,
        _ body: [UInt8] = []
    ) async throws -> WireAnswer {
        let head = """
            \(method) \(path) HTTP/1.1\r
            Host: localhost\r
            Connection: close\r
            \(TestGateway.authorization)\r
            Content-Length: \(body.count)\r
            \r

            """
        return WireAnswer(try await gateway.client.exchange(bytes: Array(head.utf8) + body))
    }

    /// A tar of small files.
    private static func tar(_ files: [(name: String, text: String)]) throws -> [UInt8] {
        final class Sink { var bytes: [UInt8] = [] }
        let sink = Sink()
        let writer = try TarWriter(name: "test") { sink.bytes += $0 }
        for file in files {
            try writer.add(
                TarEntry(name: file.name, kind: .file, size: file.text.utf8.count),
                content: Array(file.text.utf8)
            )
        }
        try writer.finish()
        return sink.bytes
    }

    private static let context = [
        (
            name: "Dockerfile",
            text: "FROM scratch\nARG X=1\nLABEL x=$X\nCOPY hello /hello\nCMD [\"/hello\"]\n"
        ),
        (name: "hello", text: "hi"),
    ]

    @Test("a context becomes an image, progress by progress, and the last line has its digest")
    func build() async throws {
        try await TestGateway.run { gateway in
            let answer = try await Self.send(
                gateway,
                "POST",
                "/v1/builds?tag=hello%3Alatest&build-arg=X%3D2&no-cache=true",
                Self.tar(Self.context)
            )
            #expect(answer.status == 200)
            #expect(answer["content-type"] == "application/x-ndjson")
            #expect(answer.isWhole)
            let lines = answer.body.split(separator: "\n").map { Data($0.utf8) }
            #expect(lines.count > 2)
            let events = try lines.map { try JSONDecoder().decode(BuildLine.self, from: $0) }
            guard case .built(let digest) = try #require(events.last) else {
                Issue.record("the last line is no result: \(answer.body)")
                return
            }
            struct Last: Decodable { var digest: String }
            #expect(
                try JSONDecoder().decode(Last.self, from: try #require(lines.last)).digest
                    == digest.description
            )
            let list = try await Self.send(gateway, "GET", "/v1/images")
            #expect(list.body.contains("\"reference\":\"docker.io/library/hello:latest\""))
            let image = try await Self.send(gateway, "GET", "/v1/images/docker.io%2Flibrary%2Fhello:latest")
            #expect(image.body.contains("\"Labels\":{\"x\":\"2\"}"), "\(image.body)")
            let left = try FileManager.default.contentsOfDirectory(atPath: gateway.directory + "/run/uploads")
            #expect(left.isEmpty)
        }
    }

    @Test("a build that fails says so in its last line, and names nothing")
    func failedBuild() async throws {
        try await TestGateway.run { gateway in
            let context = [(name: "Dockerfile", text: "FROM scratch\nCOPY absent /\n")]
            let answer = try await Self.send(gateway, "POST", "/v1/builds?tag=x", Self.tar(context))
            #expect(answer.status == 200)
            let last = try #require(answer.body.split(separator: "\n").last)
            #expect(last.hasPrefix("{\"error\":\""))
            #expect(last.contains("absent"))
            let list = try await Self.send(gateway, "GET", "/v1/images")
            #expect(list.body == "[]")
        }
    }

    @Test("a name that no image can have is refused before the context is taken")
    func badTag() async throws {
        try await TestGateway.run { gateway in
            let answer = try await Self.send(
                gateway,
                "POST",
                "/v1/builds?tag=Foo%3ABar",
                Self.tar(Self.context)
            )
            #expect(answer.status == 400)
            #expect(answer.body.contains("Foo:Bar"))
            #expect(answer.body.contains("lower-case letters"))
        }
    }

    @Test("a context that is no archive, or climbs out of its folder, is refused and leaves nothing")
    func hostileContext() async throws {
        try await TestGateway.run { gateway in
            let garbage = try await Self.send(gateway, "POST", "/v1/builds", Array("garbage".utf8))
            #expect(garbage.status == 400)
            let climbing = try Self.tar([(name: "../../escaped", text: "x")])
            let refused = try await Self.send(gateway, "POST", "/v1/builds", climbing)
            #expect(refused.status == 400)
            #expect(!FileManager.default.fileExists(atPath: gateway.directory + "/run/escaped"))
            let left = try FileManager.default.contentsOfDirectory(atPath: gateway.directory + "/run/uploads")
            #expect(left.isEmpty)
        }
    }

    @Test("an image is tagged, kept while a function uses it, removed and pruned")
    func care() async throws {
        try await TestGateway.run { gateway in
            let built = try await Self.send(gateway, "POST", "/v1/builds?tag=a", Self.tar(Self.context))
            #expect(built.status == 200)
            #expect(try await Self.send(gateway, "PUT", "/v1/images/b/c:1?source=a").status == 201)
            #expect(try await Self.send(gateway, "PUT", "/v1/images/b?source=absent").status == 404)
            #expect(try await Self.send(gateway, "DELETE", "/v1/images/a").status == 200)
            #expect(try await Self.send(gateway, "DELETE", "/v1/images/a").status == 404)
            #expect(try await Self.send(gateway, "GET", "/v1/images/b/c:1").status == 200)
            #expect(try await Self.send(gateway, "DELETE", "/v1/images/b/c:1").status == 200)
            let pruned = try await Self.send(gateway, "POST", "/v1/image-store/prune")
            #expect(pruned.status == 200)
            #expect(pruned.body.contains("\"removed_blobs\":"))
            #expect(try await Self.send(gateway, "POST", "/v1/image-store/verify").body == "[]")
        }
    }

    @Test(
        "a tar of a root file system is imported under a name, and mistakes are reported without host paths"
    )
    func imports() async throws {
        try await TestGateway.run { gateway in
            let tar = try Self.tar([(name: "bin/tool", text: "x"), (name: "etc/passwd", text: "y")])
            let path =
                "/v1/image-imports?reference=base:1&message=mine&change=CMD%20%5B%22%2Fbin%2Ftool%22%5D"
            let made = try await Self.send(gateway, "POST", path, tar)
            #expect(made.status == 201, "\(made.body)")
            #expect(made.body.contains("\"reference\":\"docker.io"), "\(made.body)")
            #expect(made.body.contains("\"skipped_entries\":0"))
            let image = try await Self.send(gateway, "GET", "/v1/images/base:1")
            #expect(image.body.contains("\"Cmd\":[\"/bin/tool\"]") || image.body.contains("bin\\/tool"))
            for (path, body) in [
                ("/v1/image-imports", tar), ("/v1/image-imports?reference=No!", tar),
                ("/v1/image-imports?reference=x&change=RUN%20x", tar),
                ("/v1/image-imports?reference=x", Array("garbage".utf8)),
                ("/v1/images", tar), ("/v1/images", Array("garbage".utf8)),
            ] {
                let refused = try await Self.send(gateway, "POST", path, body)
                #expect(refused.status == 400, "\(path): \(refused.body)")
                #expect(!refused.body.contains(gateway.directory), "\(path): \(refused.body)")
            }
            let load = try await Self.send(gateway, "POST", "/v1/images", tar)
            #expect(load.body.contains("faasctl image import"), "\(load.body)")
            let left = try FileManager.default.contentsOfDirectory(atPath: gateway.directory + "/run/uploads")
            #expect(left.isEmpty)
        }
    }

    @Test("history, archives and indexes of images that are not here are refused as unknown")
    func unknownImages() async throws {
        try await TestGateway.run { gateway in
            for (method, path) in [
                ("GET", "/v1/image-history?reference=absent"), ("GET", "/v1/image-archives?reference=absent"),
                ("POST", "/v1/image-indexes?reference=x&image=absent"), ("GET", "/v1/images/absent"),
                ("DELETE", "/v1/images/absent"),
            ] {
                let answer = try await Self.send(gateway, method, path)
                #expect(answer.status == 404, "\(method) \(path): \(answer.body)")
                #expect(answer.body.contains("unknown_image"))
            }
            for (method, path) in [
                ("GET", "/v1/image-history"), ("GET", "/v1/image-archives"), ("POST", "/v1/image-indexes"),
            ] {
                #expect(try await Self.send(gateway, method, path).status == 400)
            }
        }
    }

    @Test("an image that a kept revision needs is not removed, and the refusal says which")
    func inUse() async throws {
        try await TestGateway.run { gateway in
            let built = try await Self.send(gateway, "POST", "/v1/builds?tag=a", Self.tar(Self.context))
            struct Last: Decodable { var digest: String }
            let line = try #require(built.body.split(separator: "\n").last)
            let digest = try JSONDecoder().decode(Last.self, from: Data(line.utf8)).digest
            _ = try await gateway.store.deploy(
                function: FunctionName("greeter"),
                imageReference: "a",
                imageDigest: try #require(Digest(text: digest)),
                configuration: FunctionConfiguration(),
                createdAt: Date()
            )
            let refused = try await Self.send(gateway, "DELETE", "/v1/images/a")
            #expect(refused.status == 409)
            #expect(refused.body.contains("greeter revision 1"), "\(refused.body)")
            let whole = try await Self.send(gateway, "GET", "/v1/images/a")
            #expect(whole.body.contains(#""used_by":["greeter revision 1"]"#), "\(whole.body)")
            let pruned = try await Self.send(gateway, "POST", "/v1/image-store/prune?all=1&cache=1")
            #expect(pruned.status == 200)
            #expect(try await Self.send(gateway, "GET", "/v1/images/a").status == 200)
        }
    }

    @Test("an archive larger than the bound is refused, by its length and while it comes")
    func largeUpload() async throws {
        try await TestGateway.run(.ending(.ok), nil, { $0.limits.uploadBytesMax = 100 }) { gateway in
            let body = [UInt8](repeating: 0, count: 101)
            let refused = try await Self.send(gateway, "POST", "/v1/images", body)
            #expect(refused.status == 413)
            let chunked = try await gateway.client.raw(
                "POST /v1/images HTTP/1.1\r\nHost: h\r\n\(TestGateway.authorization)\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n65\r\n" + String(repeating: "a", count: 101)
                    + "\r\n0\r\n\r\n"
            )
            #expect(chunked.status == 413)
            let left = try FileManager.default.contentsOfDirectory(atPath: gateway.directory + "/run/uploads")
            #expect(left.isEmpty)
        }
    }

    @Test("what is no archive is refused as such")
    func badArchive() async throws {
        try await TestGateway.run { gateway in
            let answer = try await Self.send(gateway, "POST", "/v1/images", Array("no archive".utf8))
            #expect(answer.status == 400)
            #expect(answer.body.contains("unusable_image"))
        }
    }
}
