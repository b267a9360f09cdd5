// SPDX-License-Identifier: Apache-2.0
// A process of a container from the texts of /proc.

import Foundation
import Testing

@testable import Scheduler

@Suite("A process of a container")
struct ContainerProcessTests {
    private static let units = ContainerProcess.Units(
        ticksPerSecond: 100,
        pageBytes: 4096,
        uptime: 5000,
        now: Date(timeIntervalSince1970: 1_000_000)
    )

    private static func texts(
        stat: String =
            "7 (sh) S 1 7 7 34817 7 4194304 100 0 0 0 150 50 3 4 20 0 2 0 400000 8192000 25 184467440737",
        command: String = "sh\0-c\0echo  a\0"
    ) -> ContainerProcess.Texts {
        ContainerProcess.Texts(
            stat: stat,
            status: "Name:\tsh\nUid:\t101000\t101005\t101000\t101000\nGid:\t1\t1\t1\t1\n",
            userMap: "         0     100000       1000\n      1000     101000         50\n",
            command: Array(command.utf8)
        )
    }

    @Test("has the numbers, times and the user of its own container")
    func whole() throws {
        let process = try #require(ContainerProcess(Self.texts(), Self.units))
        #expect(process.id == 7 && process.parentID == 1 && process.state == "S" && process.name == "sh")
        #expect(process.arguments == ["sh", "-c", "echo  a"])
        // /dev/pts/1: major 136, minor 1.
        #expect(process.terminal == "pts/1")
        #expect(process.cpuMilliseconds == 2000 && process.threadCount == 2)
        #expect(process.ageMilliseconds == 1_000_000)
        #expect(process.startedAt == Date(timeIntervalSince1970: 999_000))
        #expect(process.virtualBytes == 8_192_000 && process.residentBytes == 25 * 4096)
        // The effective user, through the second line of the map.
        #expect(process.userID == 1005 && process.user == "1005")
    }

    @Test("is named by the program, whatever that writes into its name")
    func name() throws {
        let stat = "12 (a) R 9 (b)) Z 1 12 12 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 400000 0 0 184467440737"
        let process = try #require(ContainerProcess(Self.texts(stat: stat, command: ""), Self.units))
        #expect(process.name == "a) R 9 (b)" && process.id == 12 && process.parentID == 1)
        #expect(process.state == "Z" && process.terminal == nil && process.arguments.isEmpty)
    }

    @Test("is listed whatever its name joins to the parentheses around it")
    func joined() throws {
        let rest = " S 1 7 7 0 7 4194304 100 0 0 0 150 50 3 4 20 0 2 0 400000 8192000 25 18446744"
        for name in ["\u{301}x", ")\u{1b}[2J 1 \u{600}", "a)\u{301}"] {
            let texts = Self.texts(stat: "7 (\(name))\(rest)")
            let process = try #require(ContainerProcess(texts, Self.units), "\(name.debugDescription)")
            #expect(Array(process.name.utf8) == Array(name.utf8))
            #expect(process.state == "S" && process.parentID == 1)
        }
    }

    @Test("has so many arguments at most")
    func manyArguments() throws {
        let max = ContainerProcess.argumentsMax
        for (command, count) in [(max - 1, max - 1), (max, max), (max + 1, max), (4096, max)] {
            let texts = Self.texts(command: String(repeating: "\0", count: command))
            let process = try #require(ContainerProcess(texts, Self.units))
            #expect(process.arguments.count == count, "\(command)")
        }
    }

    @Test("keeps empty arguments, and one that is cut off")
    func arguments() throws {
        let process = try #require(ContainerProcess(Self.texts(command: "a\0\0b\0"), Self.units))
        #expect(process.arguments == ["a", "", "b"])
        let cut = try #require(ContainerProcess(Self.texts(command: "a\0lon"), Self.units))
        #expect(cut.arguments == ["a", "lon"])
    }

    @Test("is none where a text is not as proc(5) has it")
    func malformed() {
        for stat in ["", "7 sh S 1", "7 (sh) S 1 7 7", "x (sh) S 1 7 7 0 7 0 0 0 0 0 1 1 0 0 20 0 1 0 4 8 2"]
        {
            #expect(ContainerProcess(Self.texts(stat: stat), Self.units) == nil, "\(stat)")
        }
    }
}
