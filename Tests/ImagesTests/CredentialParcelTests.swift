// SPDX-License-Identifier: Apache-2.0
// Credentials that travel with a request, and helpers that keep them.

import Foundation
import Testing

@testable import ImageBuilder
@testable import Registry

@Suite struct CredentialParcelTests {
    private static func unpack(_ parcel: CredentialParcel) throws -> DockerConfig {
        guard case .given(let config) = try CredentialParcel.source(parcel.text) else {
            throw RegistryError.credentials("not given")
        }
        return config
    }

    @Test("credentials of every kind arrive as they were sent, each for its own repository")
    func roundTrip() throws {
        let password = Credential(user: "ada", secret: "p/+?:é")
        let identity = Credential(user: "eve", secret: "refresh", kind: .identityToken)
        let bearer = Credential(user: "", secret: "bearer", kind: .registryToken)
        let parcel = try #require(
            try CredentialParcel([
                "r.example:5000/a/b": password, "docker.io/library/x": identity, "other": bearer,
            ])
        )
        let config = try Self.unpack(parcel)
        #expect(try config.stored(for: "r.example:5000", repository: "a/b") == password)
        #expect(try config.stored(for: "r.example:5000", repository: "a/c") == nil)
        #expect(try config.stored(for: "docker.io", repository: "library/x")?.secret == "refresh")
        #expect(try config.stored(for: "other", repository: nil) == bearer)
        #expect(parcel.text.utf8.allSatisfy { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "+") })
    }

    @Test("nothing to send makes no parcel, and an empty one is anonymous")
    func empty() throws {
        #expect(try CredentialParcel([:]) == nil)
        guard case .none = try CredentialParcel.source("") else {
            Issue.record("an empty field gave credentials")
            return
        }
    }

    @Test("a malformed parcel is refused without quoting it", arguments: ["!secret!", "c2VjcmV0", "W10="])
    func malformed(text: String) {
        #expect {
            try CredentialParcel.source(text)
        } throws: { error in
            !"\(error)".contains("secret") && "\(error)".contains("X-Registry-Config")
        }
    }

    @Test("more credentials than a header field holds are refused")
    func tooLong() {
        let long = Credential(user: "u", secret: String(repeating: "x", count: CredentialParcel.bytesMax))
        #expect(throws: RegistryError.self) { try CredentialParcel(["r": long]) }
    }

    @Test("a client packs what Docker's file has for the images, and nothing else")
    func parcelOfFile() async throws {
        let scratch = try Scratch()
        try scratch.write(
            #"{"auths":{"a.example":{"auth":"YTpiCg=="},"c.example":{"auth":"YzpkCg=="}}}"#,
            to: "config.json"
        )
        var options = RegistryClient.Options()
        options.credentials = .file(.init(path: scratch.path + "/config.json"))
        let client = RegistryClient(options)
        let parcel = try #require(try await client.parcel(for: ["a.example/x:1", "b.example/y", "???"]))
        let config = try Self.unpack(parcel)
        #expect(try config.stored(for: "a.example", repository: "x")?.user == "a")
        #expect(try config.stored(for: "c.example", repository: "x") == nil)
        #expect(try await client.parcel(for: ["b.example/y"]) == nil)
    }

    @Test("a helper that the file names keeps and forgets the credential instead of the file")
    func helperKeeps() async throws {
        let scratch = try Scratch()
        let helper = scratch.path + "/docker-credential-probe"
        try scratch.write("#!/bin/sh\ncat > '\(scratch.path)'/heard-$1\n", to: "docker-credential-probe")
        chmod(helper, 0o755)
        let credential = Credential(user: "ada", secret: "s3cret")
        try await CredentialHelper.keep(credential, helper: "probe", server: "r", path: scratch.path)
        #expect(
            scratch.read("heard-store")?.contains(#""Secret":"s3cret""#) == true,
            "\(scratch.read("heard-store") ?? "nothing")"
        )
        try await CredentialHelper.keep(nil, helper: "probe", server: "r", path: scratch.path)
        #expect(scratch.read("heard-erase") == "r\n")
        await #expect(throws: RegistryError.self) {
            try await CredentialHelper.keep(nil, helper: "absent", server: "r", path: scratch.path)
        }
    }

    @Test("the images that a Dockerfile reads are listed without building it")
    func imagesOfBuild() throws {
        let scratch = try Scratch()
        try scratch.write(
            """
            ARG BASE=base:1
            FROM ${BASE} AS one
            RUN --mount=type=bind,from=tools.example/m,target=/m true
            FROM unneeded AS two
            FROM scratch
            COPY --from=one / /
            COPY --from=r.example/other:2 /x /x
            """,
            to: "Dockerfile"
        )
        var request = BuildRequest(contextDirectory: scratch.path)
        request.buildArguments = ["BASE": "q.example/base:9"]
        #expect(try request.images() == ["q.example/base:9", "tools.example/m", "r.example/other:2"])
    }
}
