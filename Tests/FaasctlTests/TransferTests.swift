// SPDX-License-Identifier: Apache-2.0
// What people see of pulls, pushes and logins.

import Foundation
import GatewayAPI
import Testing

@testable import faasctl

@Suite struct TransferTests {
    private static let blob = "sha256:" + String(repeating: "a", count: 64)
    private static let other = "sha256:" + String(repeating: "b", count: 64)

    @Test("the bar adds up blobs, fits its line and counts what is done")
    func bar() throws {
        let (blob, other) = (Self.blob, Self.other)
        var progress = TransferProgress(verb: "pulling")
        for line in [
            TransferLine(.started, blob, sizeBytes: 3 << 20),
            TransferLine(.progressed, blob, doneBytes: 1 << 20, sizeBytes: 3 << 20),
            TransferLine(.present, other, sizeBytes: 1 << 20),
        ] {
            _ = progress.take(line)
        }
        let bar = progress.bar(columns: 80)
        #expect(bar.hasPrefix("pulling  50 % ["))
        #expect(bar.hasSuffix("] 2.0 MiB of 4.0 MiB, 1/2"))
        #expect(bar.count < 80)
        #expect(progress.bar(columns: 20).count < 20)
        _ = progress.take(TransferLine(.finished, blob, sizeBytes: 3 << 20))
        #expect(progress.bar(columns: 80).contains("100 %"))
    }

    @Test("without a terminal only ends, failures and named events are lines")
    func lines() throws {
        let blob = Self.blob
        var progress = TransferProgress(verb: "pulling")
        #expect(progress.take(TransferLine(.started, blob, sizeBytes: 10)) == nil)
        #expect(progress.take(TransferLine(.progressed, blob, doneBytes: 5, sizeBytes: 10)) == nil)
        #expect(progress.take(TransferLine(.resumed, blob, doneBytes: 5)) == "aaaaaaaaaaaa goes on after 5 B")
        #expect(progress.take(TransferLine(.finished, blob, sizeBytes: 10)) == "aaaaaaaaaaaa done, 10 B")
        let retry = TransferLine(.retrying, "r.example", detail: "HTTP 503")
        #expect(progress.take(retry) == "r.example: HTTP 503; trying again")
    }

    @Test("events survive the wire", arguments: [512, 0])
    func wire(bytes: Int) throws {
        let line = TransferLine(.progressed, Self.blob, doneBytes: bytes, sizeBytes: 1024)
        #expect(try JSONDecoder().decode(TransferLine.self, from: JSONEncoder().encode(line)) == line)
    }

    @Test(
        "registries are named as references name them",
        arguments: [
            ("docker.io", "docker.io"), ("https://index.docker.io/v1/", "docker.io"), ("", "docker.io"),
            ("http://localhost:5000/", "localhost:5000"), ("r.example/path", "r.example"),
        ]
    )
    func names(text: String, registry: String) {
        #expect(RegistryName.normalised(text) == registry)
    }

    @Test(
        "registry credentials leave this machine over TLS only",
        arguments: [
            ("http://127.0.0.1:8080", true), ("https://far.example", true), ("http://far.example", false),
        ]
    )
    func privacy(address: String, isPrivate: Bool) {
        #expect(GatewayClient(address: address, credentials: nil).isPrivate == isPrivate)
    }
}
