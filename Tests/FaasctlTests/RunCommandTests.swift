// SPDX-License-Identifier: Apache-2.0
// The command line of run: what is faasctl's and what is the container's.

import ArgumentParser
import Testing

@testable import faasctl

@Suite struct RunCommandTests {
    @Test("words behind the image are the container's, flags too")
    func words() throws {
        let command = try #require(
            try Faasctl.parseAsRoot(["run", "--rm", "-e", "A=1", "box", "ls", "-la", "--rm"]) as? RunCommand
        )
        #expect(command.words == ["box", "ls", "-la", "--rm"])
        #expect(command.rm && command.environment == ["A=1"])
        let other = try #require(try Faasctl.parseAsRoot(["run", "-i", "--", "box", "-x"]) as? RunCommand)
        #expect(other.words == ["box", "-x"] && other.interactive)
    }

    @Test("no image, unknown flags and a terminal without one are usage errors")
    func refused() {
        for words in [["run"], ["run", "--bogus", "box"], ["run", "--network", "host", "box"]] {
            #expect(throws: (any Error).self) { try Faasctl.parseAsRoot(words) }
        }
    }

    @Test("a variable without a value is this shell's, and left out where that has none")
    func variables() {
        #expect(RunCommand.variables(["A=1", "B", "C"], own: ["B": "2"]) == ["A=1", "B=2"])
    }
}
