// SPDX-License-Identifier: Apache-2.0
// How results are told: endings, sizes, times, build progress, suggestions.

import Foundation
import FunctionModel
import Images
import Testing

@testable import faasctl

@Suite struct RenderingTests {
    @Test(
        "an ending is told with its number",
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

    @Test("a build's result is kept, and its failure thrown with the builder's words")
    func readsProgress() throws {
        var progress = BuildProgress(isQuiet: true)
        let encoder = JSONEncoder()
        let events: [BuildEvent] = [
            .stepStarted(stage: "0", step: 1, total: 2, instruction: "FROM scratch"), .cached,
            .stepDone(layer: nil), .built(digest: "sha256:1"),
        ]
        for event in events { try progress.show(encoder.encode(event), "cannot build") }
        #expect(progress.digest == "sha256:1")
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
