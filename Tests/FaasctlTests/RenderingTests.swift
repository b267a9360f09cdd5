// SPDX-License-Identifier: Apache-2.0
// How results are printed: endings, sizes, times, build progress, suggestions.

import ArgumentParser
import Foundation
import FunctionModel
import GatewayAPI
import ManifestReader
import Testing

@testable import faasctl

@Suite struct RenderingTests {
    @Test(
        "an ending is reported with its number",
        arguments: [
            (Outcome.ok, nil, nil, "ok"), (.exit, 42, nil, "exit 42"), (.signal, nil, 11, "signal 11"),
            (.oom, nil, 9, "oom"), (.timeout, nil, 9, "timeout"), (.platform, 127, nil, "platform"),
        ] as [(Outcome, Int?, Int?, String)]
    )
    func tellsEndings(outcome: Outcome, exitCode: Int?, signal: Int?, text: String) throws {
        var record = Invocation(
            id: "a",
            function: try FunctionName("a"),
            revision: 1,
            trigger: .http,
            startedAt: Date(timeIntervalSince1970: 0),
            status: 500,
            outcome: outcome
        )
        record.exitCode = exitCode
        record.signal = signal
        #expect(InvocationsCommand.ending(record) == text)
        record.limitsReached = [.memory, .pids, .disk]
        let names = outcome == .oom ? "pids, disk" : "memory, pids, disk"
        #expect(InvocationsCommand.ending(record) == "\(text) (\(names))")
    }

    @Test(
        "sizes and times show the digits that matter",
        arguments: [
            (Moment.text(bytes: 0), "0 B"), (Moment.text(bytes: 1536), "1.5 KiB"),
            (Moment.text(bytes: 10 << 20), "10.0 MiB"), (Moment.text(milliseconds: 0.44), "0.4 ms"),
            (Moment.text(milliseconds: 12.6), "13 ms"), (Moment.text(milliseconds: 61_000), "61 s"),
            (Moment.text(nil), ""),
        ]
    )
    func showsNumbers(text: String, expected: String) { #expect(text == expected) }

    @Test(
        "a time says how far it is from UTC",
        arguments: [
            (0, "1970-01-02 00:00:00 UTC"), (7200, "1970-01-02 02:00:00 +02:00"),
            (-12_600, "1970-01-01 20:30:00 -03:30"),
        ]
    )
    func marksTimes(seconds: Int, text: String) throws {
        let zone = try #require(TimeZone(secondsFromGMT: seconds))
        #expect(Moment.marked(Date(timeIntervalSince1970: 86_400), zone: zone) == text)
        #expect(Moment.marked(nil).isEmpty)
    }

    @Test(
        "an image has one form of its name, whichever one it was deployed with",
        arguments: [
            ("hello", "hello:latest"), ("docker.io/library/hello:latest", "hello:latest"),
            ("registry.example/a/b:1", "registry.example/a/b:1"), ("not a reference", "not a reference"),
        ]
    )
    func showsImages(image: String, shown: String) {
        #expect(FunctionStatusBody(name: "f", image: image).shownImage == shown)
    }

    @Test("following a log begins with its last lines, unless something else is asked for")
    func followsFromTheEnd() throws {
        func lines(_ words: String...) throws -> Int? { try LogsCommand.parse(["f"] + words).linesWanted }
        #expect(try lines("-f") == LogsCommand.followedTail)
        #expect(try lines("-f", "--tail", "3") == 3)
        #expect(try lines("-f", "--since", "1m") == nil)
        #expect(try lines("-f", "--invocation", "a") == nil)
        #expect(try lines() == nil)
    }

    @Test("a name that can only be a file is reported as absent, a reference is not")
    func namesAbsentFiles() throws {
        for text in ["nofile.tar", "x/nofile.TGZ", "./nofile", "/no/such/file", "nofile.tar.gz"] {
            #expect(ImageSource.absence(text) == "there is no file '\(text)'")
        }
        for text in ["hello", "registry:5000/a/b:1", "a.tar:latest", "sha256:abc"] {
            #expect(ImageSource.absence(text) == nil)
        }
        #expect(ImageSource.absence("/tmp")?.contains("no OCI layout") == true)
    }

    @Test("a call's log is its lines' texts")
    func readsLog() {
        let lines = """
            {"name":"f","instance":"i","timestamp":"2026-01-01T00:00:00.000Z","text":"one"}
            {"name":"f","instance":"i","timestamp":"2026-01-01T00:00:00.000Z","text":"two"}

            """
        #expect(CallLog.texts(Data(lines.utf8)) == ["one", "two"])
        #expect(CallLog.texts(Data("garbage".utf8)).isEmpty)
    }

    @Test("a build's result is kept, and its failure thrown with the builder's words")
    func readsProgress() throws {
        var progress = BuildProgress(isQuiet: true)
        let digest = Digest(hash: [UInt8](repeating: 1, count: 32))
        let encoder = JSONEncoder()
        let events: [BuildLine] = [
            .stepStarted(stage: "0", step: 1, total: 2, instruction: "FROM scratch"), .cached,
            .stepDone(layer: nil), .built(digest: digest),
        ]
        for event in events { try progress.show(encoder.encode(event), "cannot build") }
        #expect(progress.digest == digest)
        let failure = #expect(throws: CommandFailure.self) {
            try progress.show(Data(#"{"error":"Dockerfile:3: RUNN: unknown"}"#.utf8), "cannot build")
        }
        #expect(failure?.description == "cannot build: Dockerfile:3: RUNN: unknown")
    }

    @Test(
        "the nearest word is suggested, a far one is not",
        arguments: [
            ("tiemout", "timeout"), ("memroy", "memory"), ("Timeout", "timeout"), ("x", nil), ("", nil),
            ("environement", "environment"),
        ] as [(String, String?)]
    )
    func suggests(word: String, expected: String?) {
        #expect(suggestion(for: word, among: ["timeout", "memory", "environment"]) == expected)
    }
}
