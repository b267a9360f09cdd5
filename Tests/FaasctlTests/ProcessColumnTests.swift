// SPDX-License-Identifier: Apache-2.0
// The processes of a container in the columns of ps.

import ArgumentParser
import Foundation
import GatewayAPI
import Testing

@testable import faasctl

@Suite("Columns of processes")
struct ProcessColumnTests {
    private static func process(age: Double = 100_000) -> ProcessBody {
        var process = ProcessBody(
            id: 7,
            parentID: 1,
            user: "redis",
            state: "S",
            name: "redis-server",
            command: ["redis-server", "*:6379"],
            startedAt: Date(timeIntervalSince1970: 1_767_225_600),
            ageMilliseconds: age
        )
        process.cpuMilliseconds = 3_725_000
        process.residentBytes = 2048
        return process
    }

    private static func text(_ words: [String], _ process: ProcessBody) throws -> String {
        let utc = try #require(TimeZone(secondsFromGMT: 0))
        return ProcessColumn.table([process], try ProcessColumn.of(words), zone: utc)
    }

    @Test("show nothing that controls the terminal, and letters of every script")
    func printable() throws {
        var process = Self.process()
        process.state = "\u{1b}"
        process.name = "a\u{9b}2J\u{202e}b\u{2028}\u{7f}\n"
        let text = try Self.text(["-o", "s,comm"], process)
        #expect(text.split(separator: "\n").count == 2, "\(text.debugDescription)")
        #expect(text.contains("a?2J?b???"), "\(text.debugDescription)")
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control })
        #expect(Table.printable("é 漢 👩‍💻 e\u{301}") == "é 漢 👩‍💻 e\u{301}")
    }

    @Test("are those of docker top, each at least 20 wide", arguments: [[], ["-ef"], ["-e", "-f"]])
    func full(_ words: [String]) throws {
        let heads = ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME"]
        let cells = ["redis", "7", "1", "99", "00:00", "?", "01:02:05"]
        func line(_ cells: [String], _ last: String) -> String {
            cells.map { $0.padding(toLength: 20, withPad: " ", startingAt: 0) }.joined() + last + "\n"
        }
        let wanted = line(heads, "CMD") + line(cells, "redis-server *:6379")
        #expect(try Self.text(words, Self.process()) == wanted)
    }

    @Test(
        "are chosen with -o, in the given order",
        arguments: [["-o", "pid,args,rss"], ["-eo", "pid,args", "-orss"]]
    )
    func chosen(_ words: [String]) throws {
        let lines = try Self.text(words, Self.process()).split(separator: "\n").map {
            $0.split(separator: "  ", omittingEmptySubsequences: true).map {
                $0.trimmingCharacters(in: .whitespaces)
            }
        }
        #expect(lines == [["PID", "COMMAND", "RSS"], ["7", "redis-server *:6379", "2"]])
    }

    @Test("show the date of a start more than a day ago, and days of processor time")
    func days() throws {
        var process = Self.process(age: 90_000_000)
        process.cpuMilliseconds = 90_061_000
        let text = try Self.text(["-o", "stime,time,etime,c"], process)
        #expect(
            text.contains("Jan01") && text.contains("01-01:01:01") && text.contains("01-01:00:00"),
            "\(text)"
        )
        process.command = ["a\u{1B}[2Jb", "c\nd"]
        #expect(try Self.text(["-o", "cmd"], process) == "CMD\na?[2Jb c?d\n")
        process.state = "Z"
        #expect(try Self.text(["-o", "cmd"], process).contains("[redis-server] <defunct>"))
    }

    @Test("of ps stand behind the name, also beside options of top, which may stand in front of it as well")
    func places() throws {
        let mixed = try TopCommand.parse([
            "web", "-o", "pid", "--interval", "5", "-ef", "--quiet", "-n", "team",
        ])
        #expect(mixed.words == ["web", "-o", "pid", "-ef"] && mixed.interval == 5)
        #expect(mixed.global.quiet && mixed.namespace.name == "team")
        let before = try TopCommand.parse(["--interval=5", "web", "--gateway=http://one", "-o", "pid,args"])
        #expect(before.words == ["web", "-o", "pid,args"] && before.global.gateway == "http://one")
        #expect(before.interval == 5)
        for words in [
            ["web", "--nothing", "1"], ["web", "-L"], ["-ef", "web"], ["web", "--interval", "0"],
        ] {
            #expect(throws: (any Error).self, "\(words)") { try TopCommand.parse(words) }
        }
    }

    @Test("that are not known are refused by their name")
    func refused() {
        for (words, name) in [
            (["-L"], "-L"), (["aux"], "aux"), (["-o", "pid,wchan"], "wchan"), (["-o"], "-o"),
        ] {
            do throws(ProcessColumn.Refusal) {
                _ = try ProcessColumn.of(words)
                Issue.record("\(words) were taken")
            } catch {
                #expect(error.text.contains("'\(name)'"), "\(error.text)")
            }
        }
    }
}
