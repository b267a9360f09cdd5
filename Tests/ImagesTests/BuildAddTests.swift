// SPDX-License-Identifier: Apache-2.0
// ADD: archives by content, downloads, checksums.

import ImageBuilder
import Foundation
import ImageStore
import OCI
import FunctionModel
import ImageStore
import OCI
import Testing

@Suite struct BuildAddTests {
    static func tar() -> [UInt8] {
        var tar = RawTar()
        tar.add("./d/", .directory, mode: 0o711, owner: 7)
        tar.add("./d/f", content: "F", mode: 0o640, owner: 7, mtime: 5000)
        tar.add("./d/l", .symbolicLink, link: "f")
        tar.add("./d/h", .hardLink, link: "./d/f")
        return tar.finished
    }

    static func packed(_ compression: TarCompression) throws -> [UInt8] {
        let box = ByteBox()
        let writer = try TarWriter(name: "test", compression: compression) { bytes throws(ImageError) in
            box.bytes += bytes
        }
        var entry = TarEntry(name: "d/f", kind: .file, mode: 0o640, size: 1)
        entry.uid = 7
        try writer.add(entry, content: Array("F".utf8))
        try writer.finish()
        return box.bytes
    }

    private final class ByteBox { var bytes: [UInt8] = [] }

    @Test("a tar is extracted, with its own owners, modes and links")
    func plainTar() async throws {
        let bench = try BuildBench()
        try bench.scratch.write(Self.tar(), to: "context/any.name")
        let digest = try await bench.build("FROM scratch\nADD any.name /t/\n")
        #expect(
            try await bench.entries(digest) == [
                "t/ 755 0:0", "t/d/ 711 7:7", "t/d/f 640 7:7 = F", "t/d/h 640 7:7 = F", "t/d/l 777 0:0 -> f",
            ]
        )
        #expect(try await bench.times(digest) == [BuildClock.start, 1000, 5000])
        let dated = try await bench.build("FROM scratch\nADD any.name /t/\n") {
            $0.buildArguments = ["SOURCE_DATE_EPOCH": "2000"]
        }
        #expect(try await bench.times(dated) == [1000, 2000])
        let owned = try await bench.build("FROM scratch\nADD --chown=1:2 any.name /t/\n")
        #expect(try await bench.entries(owned).dropFirst().allSatisfy { $0.contains(" 1:2") })
    }

    @Test(
        "compressed tars are recognized by content, whatever their name",
        arguments: [TarCompression.gzip, .zstd]
    )
    func compressed(compression: TarCompression) async throws {
        let bench = try BuildBench()
        try bench.scratch.write(try Self.packed(compression), to: "context/x.txt")
        let extracted = try await bench.build("FROM scratch\nADD x.txt /\n")
        #expect(try await bench.entries(extracted).last == "d/f 640 7:0 = F")
        let copied = try await bench.build("FROM scratch\nCOPY x.txt /\n")
        #expect(try await bench.entries(copied).count == 1)
        let kept = try await bench.build("FROM scratch\nADD --unpack=false x.txt /\n")
        #expect(try await bench.entries(kept).count == 1)
    }

    @Test("a compressed file that is no tar is an ordinary file")
    func compressedFile() async throws {
        let bench = try BuildBench()
        // gzip of "hello": a stored block.
        let bytes: [UInt8] = [
            0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1, 5, 0, 0xFA, 0xFF, 0x68, 0x65, 0x6C, 0x6C, 0x6F, 0x86, 0xA6,
            0x10,
            0x36, 5, 0, 0, 0,
        ]
        try bench.scratch.write(bytes, to: "context/hello.gz")
        let digest = try await bench.build("FROM scratch\nADD hello.gz /\n")
        #expect(try await bench.entries(digest).first?.hasPrefix("hello.gz 644 0:0") == true)
        try bench.scratch.write(Array(bytes.prefix(12)), to: "context/hello.gz")
        let broken = try await bench.build("FROM scratch\nADD hello.gz /\n")
        #expect(try await bench.entries(broken).count == 1)
    }

    @Test("a tar that ends too early is refused")
    func truncated() async throws {
        let bench = try BuildBench()
        var tar = RawTar()
        tar.add("a", content: String(repeating: "x", count: 2000))
        try bench.scratch.write(Array(tar.bytes.prefix(1024)), to: "context/a.tar")
        let failure = try await bench.failure("FROM scratch\nADD a.tar /\n")
        #expect(
            failure?.contains("Dockerfile:2: ADD a.tar /: archive 'a.tar':") == true,
            "\(failure ?? "built")"
        )
    }

    @Test("a download is named by its URL or the destination, mode 0600, not extracted unless asked")
    func download() async throws {
        let tar = Self.tar()
        let server = try TestServer { request in
            switch request.path {
            case "/files/a.tar": TestReply(200, ["Last-Modified": "Thu, 01 Jan 1970 00:01:40 GMT"], body: tar)
            case "/moved": TestReply(302, ["Location": "/files/a.tar"])
            case "/loop": TestReply(302, ["Location": "/loop"])
            case "/file": TestReply(302, ["Location": "file:///etc/passwd"])
            default: TestReply(404)
            }
        }
        defer { server.stop() }
        let bench = try BuildBench(reaching: IPv4Network.thisHost)
        let base = "http://\(server.host)"
        let named = try await bench.build("FROM scratch\nADD \(base)/files/a.tar /t/\nADD \(base)/moved /u\n")
        let entries = try await bench.entries(named)
        #expect(entries.map { $0.prefix { $0 != "=" } } == ["t/ 755 0:0", "t/a.tar 600 0:0 ", "u 600 0:0 "])
        #expect(try await bench.times(named) == [BuildClock.start, 100])
        let unpacked = try await bench.build("FROM scratch\nADD --unpack \(base)/moved /t/\n")
        #expect(try await bench.entries(unpacked).contains("t/d/f 640 7:7 = F"))
        let sum = Digest(of: tar)
        try await bench.build("FROM scratch\nADD --checksum=\(sum) \(base)/moved /t\n")
        let wrong = Digest(of: "other".utf8)
        let mismatch = try await bench.failure("FROM scratch\nADD --checksum=\(wrong) \(base)/moved /t\n")
        #expect(
            mismatch?.contains("/moved has digest \(sum), expected \(wrong)") == true,
            "\(mismatch ?? "built")"
        )
        let missing = try await bench.failure("FROM scratch\nADD \(base)/nothing /t\n")
        #expect(missing?.contains("/nothing: the server answers 404") == true, "\(missing ?? "built")")
        let loop = try await bench.failure("FROM scratch\nADD \(base)/loop /t\n")
        #expect(loop?.contains("more than 10 redirects") == true, "\(loop ?? "built")")
        let file = try await bench.failure("FROM scratch\nADD \(base)/file /t\n")
        #expect(file?.contains("it redirects to 'file:///etc/passwd'") == true, "\(file ?? "built")")
        let nameless = try await bench.failure("FROM scratch\nADD \(base)/ /t/\n")
        #expect(
            nameless?.contains("expected a file name at the end of the URL") == true,
            "\(nameless ?? "built")"
        )
    }

    @Test("a download reaches nothing of this host, by no notation and by no redirect")
    func ownHost() async throws {
        let server = try TestServer { _ in TestReply(200, text: "inside") }
        defer { server.stop() }
        let bench = try BuildBench()
        for host in ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1"] {
            let failure = try await bench.failure("FROM scratch\nADD http://\(host):\(server.port)/x /t\n")
            #expect(failure?.contains("is not reached from builds") == true, "\(host): \(failure ?? "built")")
        }
        #expect(server.requests.isEmpty)
    }

    @Test("a redirect is judged by the address it leads to, not by the server that sent it")
    func redirectWithin() async throws {
        let server = try TestServer { _ in TestReply(302, ["Location": "http://169.254.169.254/latest"]) }
        defer { server.stop() }
        let bench = try BuildBench(reaching: IPv4Network.thisHost)
        let failure = try await bench.failure("FROM scratch\nADD http://\(server.host)/x /t\n")
        #expect(
            failure?.contains("169.254.169.254 is a reserved address, which is not reached from builds")
                == true,
            "\(failure ?? "built")"
        )
    }

    @Test("an unchanged download is cached, a changed one repeats the step")
    func downloadCache() async throws {
        let box = Counter()
        let server = try TestServer { _ in TestReply(200, text: box.next() < 3 ? "same" : "other") }
        defer { server.stop() }
        let bench = try BuildBench(reaching: IPv4Network.thisHost)
        let text = "FROM scratch\nADD http://\(server.host)/x /x\n"
        let first = try await bench.build(text)
        #expect(try await bench.build(text) == first)
        #expect(bench.events.cachedCount == 1)
        #expect(try await bench.build(text) != first)
        #expect(server.requests.count == 3)
    }

    @Test(
        "what cannot be added is named",
        arguments: [
            "ADD git@example.com:a/b /t", "ADD https://example.com/a.git /t",
            "ADD https://example.com/a.git#main:x /t",
        ]
    )
    func repositories(text: String) async throws {
        let failure = try await BuildBench().failure("FROM scratch\n" + text + "\n")
        #expect(
            failure?.contains("ADD of a git repository is not available") == true,
            "\(failure ?? "built")"
        )
    }
}
