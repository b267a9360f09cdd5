// SPDX-License-Identifier: Apache-2.0
// Global options before the subcommand.

import ArgumentParser
import Testing

@testable import faasctl

@Suite struct GlobalPlacementTests {
    private static func rearranged(_ words: [String]) throws -> [String] {
        try GlobalPlacement.rearranged(words, for: Faasctl.self)
    }

    @Test(
        "global options before the subcommand are moved behind it",
        arguments: [
            (["--gateway", "u", "list"], ["list", "--gateway", "u"]),
            (["--tls-ca", "f", "list"], ["list", "--tls-ca", "f"]),
            (
                ["--gateway=u", "-q", "image", "ls", "-o", "json"],
                ["image", "ls", "--gateway", "u", "--quiet", "-o", "json"]
            ),
            (["image", "--output=json", "list"], ["image", "list", "--output", "json"]),
            (["-o", "json", "run", "box", "--quiet"], ["run", "--output", "json", "box", "--quiet"]),
            (["-q", "version"], ["version", "--quiet"]), (["list", "-q"], ["list", "-q"]), ([], []),
            (["--gateway", "u", "image", "save", "a"], ["image", "save", "--gateway", "u", "a"]),
            (["--gateway", "u", "--help"], ["--help"]),
            (["--gateway", "u", "help", "list"], ["help", "list"]),
            (["--version"], ["--version"]), (["--quiet", "nosuch"], ["nosuch"]),
            (["invoke", "f", "--gateway", "u"], ["invoke", "f", "--gateway", "u"]),
        ]
    )
    func moves(words: [String], expected: [String]) throws {
        #expect(try Self.rearranged(words) == expected)
    }

    @Test(
        "an option without a value, without a subcommand, or on one that lacks it is a usage error",
        arguments: [
            (["--gateway"], "missing the value of '--gateway'"), (["list", "--gateway"], nil),
            (["--gateway", "u"], "missing the subcommand after '--gateway u'"),
            (["-q", "image"], "missing the subcommand after '--quiet'"),
            (["--gateway", "u", "serve"], "'--gateway' has no effect on 'serve'"),
            (["-o", "json", "image", "save", "x"], "'--output' has no effect on 'image save'"),
            (["--gateway", "u", "version"], "'--gateway' has no effect on 'version'"),
        ] as [([String], String?)]
    )
    func refuses(words: [String], message: String?) {
        guard let message else {
            // The subcommand's own parser says so.
            #expect(throws: (any Error).self) { try Faasctl.parseAsRoot(Self.rearranged(words)) }
            return
        }
        let error = #expect(throws: ValidationError.self) { try Self.rearranged(words) }
        #expect(error?.message == message)
    }

    @Test("every command parses with the options that were moved to it")
    func parses() throws {
        let list = try Faasctl.parseAsRoot(Self.rearranged(["--gateway", "u", "-o", "json", "list"]))
        let command = try #require(list as? ListCommand)
        #expect(command.global.gateway == "u" && command.global.output == .json)
    }
}
