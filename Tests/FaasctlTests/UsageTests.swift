// SPDX-License-Identifier: Apache-2.0
// Help, the version, and what every verb makes of missing, empty and further names and of unknown flags.

import ArgumentParser
import Testing

@testable import faasctl

@Suite struct UsageTests {
    /// What a command line ends with before anything is asked of a gateway.
    private static func ending(_ words: [String]) -> (code: Int32, text: String) {
        do {
            var command = try Faasctl.parseAsRoot(GlobalPlacement.rearranged(words, for: Faasctl.self))
            // Help is a command of the parser's, and asks no gateway.
            if !(command is any AsyncParsableCommand) { try command.run() }
            return (-1, "")
        } catch {
            return (Faasctl.exitCode(for: error).rawValue, Faasctl.fullMessage(for: error))
        }
    }

    @Test(
        "help is given with code 0",
        arguments: [
            ["run", "--help"], ["run", "-h"], ["run", "--rm", "-e", "A=1", "--help"], ["--help"],
            ["help", "run"],
            ["image", "list", "--help"], ["deploy", "-h"],
        ]
    )
    func help(words: [String]) {
        let (code, text) = Self.ending(words)
        #expect(code == 0)
        #expect(text.contains("USAGE:"), "\(text)")
    }

    @Test("--help behind the image is the container's")
    func containersHelp() {
        #expect(Self.ending(["run", "box", "--help"]).code == -1)
        #expect(Self.ending(["run", "--", "box", "-h"]).code == -1)
    }

    @Test("--version is what version writes")
    func version() {
        let (code, text) = Self.ending(["--version"])
        #expect(code == 0)
        #expect(text == VersionCommand.line)
    }

    private static let named: [[String]] = [
        ["describe"], ["invoke"], ["logs"], ["rollback"], ["remove"], ["secret", "create"],
        ["secret", "remove"],
        ["image", "inspect"], ["image", "history"], ["image", "pull"], ["image", "push"],
        ["image", "remove"],
        ["image", "save"], ["deploy"], ["run"], ["completion"],
    ]

    @Test("a verb without the name that it needs is a usage error", arguments: named)
    func missing(verb: [String]) { #expect(Self.ending(verb).code == 64) }

    @Test("an empty name is a usage error", arguments: named + [["invocations"]])
    func empty(verb: [String]) { #expect(Self.ending(verb + [""]).code == 64) }

    @Test(
        "a second name is a usage error where one is meant",
        arguments: [
            ["describe", "a", "b"], ["invoke", "a", "b"], ["logs", "a", "b"], ["invocations", "a", "b"],
            ["rollback", "a", "1", "b"], ["secret", "create", "a", "b"], ["image", "inspect", "a", "b"],
            ["image", "tag", "a"], ["image", "tag", "a", "b", "c"], ["list", "a"], ["schedules", "a"],
            ["deploy", "a", "b"], ["up", "a"], ["version", "a"], ["doctor", "a"],
        ]
    )
    func second(words: [String]) { #expect(Self.ending(words).code == 64) }

    @Test(
        "an unknown flag, a bad name or a bad value is a usage error",
        arguments: [
            ["list", "--bogus"], ["describe", "a", "--bogus"], ["secret", "remove", "a", "--bogus"],
            ["remove", "a/b"], ["describe", "-x"], ["secret", "create", "../x"],
            ["logs", "a", "--tail", "x"],
            ["logs", "a", "--tail", "x"], ["logs", "a", "--since", "soon"],
            ["logs", "a", "--invocation", ""],
            ["invocations", "--limit", "0"], ["invocations", "--limit", "10001"], ["rollback", "a", "0"],
            ["deploy", "a", "--image", ""], ["deploy", "a", "--name", "-"], ["list", "--output", "xml"],
            ["deploy", "a", "--contract", "fastcgi"], ["nosuch"], ["invoke", "a", "--async", "-X", "GET"],
            ["invoke", "a", "--async", "--exit-code"], ["queue", "list", "--state", "lost"],
            ["queue", "list", "--limit", "0"], ["queue", "retry"], ["queue", "show", "a", "b"],
            ["deploy", "a", "--async-codes", "often"],
        ]
    )
    func bad(words: [String]) { #expect(Self.ending(words).code == 64) }
}

@Suite struct ManyNamesTests {
    private func failure(_ name: String) -> CommandFailure {
        CommandFailure("cannot remove '\(name)'", why: "no")
    }

    @Test("one failure among several names is reported, the others are done, and the exit code is 1")
    func goesOn() async throws {
        var done: [String] = []
        var reported: [String] = []
        await #expect(throws: QuietExit(exitCode: 1)) {
            try await forEachName(["a", "missing", "b"], report: { reported.append($0) }) {
                name throws(CommandFailure) in
                if name == "missing" { throw failure(name) }
                done.append(name)
            }
        }
        #expect(done == ["a", "b"])
        #expect(reported == ["faasctl: cannot remove 'missing': no"])
    }

    @Test("a failure that all would have ends it, and the only name's failure is thrown itself")
    func ends() async {
        await #expect(throws: failure("a")) {
            try await forEachName(["a"]) { name throws(CommandFailure) in throw failure(name) }
        }
        var count = 0
        await #expect(throws: CommandFailure.self) {
            try await forEachName(["a", "b"]) { name throws(CommandFailure) in
                count += 1
                var failure = failure(name)
                failure.isUnreachable = true
                throw failure
            }
        }
        #expect(count == 1)
    }
}
