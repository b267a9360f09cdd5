// SPDX-License-Identifier: Apache-2.0
// The bytes of the bodies: scripts and older clients read them, so they never change.

import Foundation
import FunctionModel
import GatewayAPI
import Testing

@Suite("Bodies on the wire")
struct WireFormTests {
    private static let digest = Digest(hash: [UInt8](repeating: 1, count: 32))

    private static func json(_ value: some Encodable) throws -> String {
        String(decoding: try APIJSON.encode(value), as: UTF8.self)
    }

    @Test("of a build are one line for each event and an end with the digest or the error")
    func build() throws {
        let started = BuildLine.stepStarted(stage: "0", step: 1, total: 2, instruction: "FROM a/b")
        #expect(
            try Self.json(started)
                == #"{"stepStarted":{"instruction":"FROM a/b","stage":"0","step":1,"total":2}}"#
        )
        #expect(try Self.json(BuildLine.cached) == #"{"cached":{}}"#)
        #expect(try Self.json(BuildLine.output("x")) == #"{"output":{"_0":"x"}}"#)
        #expect(
            try Self.json(BuildEnd(digest: Self.digest))
                == #"{"built":{"digest":"\#(Self.digest)"},"digest":"\#(Self.digest)"}"#
        )
        #expect(try Self.json(BuildEnd(error: "no \"x\"")) == #"{"error":"no \"x\""}"#)
        let end = try APIJSON.encode(BuildEnd(digest: Self.digest))
        #expect(try APIJSON.decode(BuildLine.self, from: end) == .built(digest: Self.digest))
    }

    @Test("of a transfer are flat lines and an end with the result or the error")
    func transfer() throws {
        let line = TransferLine(.progressed, "sha256:1", doneBytes: 5, sizeBytes: 10)
        #expect(
            try Self.json(line)
                == #"{"done_bytes":5,"event":"progressed","size_bytes":10,"subject":"sha256:1"}"#
        )
        let named = ImageBody.Named(reference: "a:1", digest: Self.digest)
        #expect(
            try Self.json(ProgressEnd(result: named))
                == #"{"result":{"digest":"\#(Self.digest)","reference":"a:1"}}"#
        )
        #expect(
            try Self.json(ProgressEnd<ImageBody.Named>(error: "no", code: "unknown_image"))
                == #"{"code":"unknown_image","error":"no"}"#
        )
    }

    @Test("of requests hold only the keys that they name")
    func requests() throws {
        #expect(try Self.json(RollbackBody(revision: nil)) == "{}")
        #expect(try Self.json(FunctionDeletion(functionName: "f")) == #"{"functionName":"f"}"#)
        #expect(try Self.json(SecretBody(name: "s", rawValue: "eA==")) == #"{"name":"s","rawValue":"eA=="}"#)
        #expect(
            try Self.json(FunctionDeployment(service: "f", image: "i")) == #"{"image":"i","service":"f"}"#
        )
    }

    @Test("of a container's end have Docker's names")
    func container() throws {
        #expect(try Self.json(ContainerStarted(id: "a")) == #"{"id":"a"}"#)
        #expect(try Self.json(ContainerEnded(exitCode: 3)) == #"{"exit_code":3}"#)
    }

    @Test("of another OpenFaaS gateway's function are read without our members")
    func otherGateway() throws {
        let json = #"{"name":"f","image":"i","labels":null,"createdAt":"2026-01-31T12:00:05Z"}"#
        let function = try APIJSON.decode(FunctionStatusBody.self, from: Data(json.utf8))
        #expect(function.mayfly == nil)
        #expect(function.createdAt == Date(timeIntervalSince1970: 1_769_860_805))
    }

    @Test(
        "times are RFC 3339 with milliseconds, and read without them too",
        arguments: ["2023-11-14T22:13:20.250Z", "2023-11-14T22:13:20Z"]
    )
    func times(text: String) throws {
        let date = try #require(APIJSON.date(text))
        #expect(abs(date.timeIntervalSince1970 - 1_700_000_000) < 0.3)
        #expect(APIJSON.timestamp(date).hasPrefix("2023-11-14T22:13:20."))
        #expect(APIJSON.date("yesterday") == nil)
    }

    @Test(
        "a path has its variable part percent-encoded as one segment",
        arguments: [
            (APIPattern.function, "f", "/system/function/f"),
            (.rollback, "a b", "/v1/functions/a%20b/rollback"),
            (.image, "r.example/a:1", "/v1/images/r.example%2Fa%3A1"),
            (.containerInput, "ü", "/v1/containers/%C3%BC/input"),
        ]
    )
    func paths(pattern: APIPattern, value: String, path: String) {
        #expect(pattern.path(value) == path)
    }
}
