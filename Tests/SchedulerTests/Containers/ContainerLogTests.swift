// SPDX-License-Identifier: Apache-2.0
// A container's log: lines of two streams, its bound, and readers.

import Foundation
import NIOCore
import Testing

@testable import Scheduler

@Suite("A container's log")
struct ContainerLogTests {
    private struct Line: Decodable, Hashable {
        var time: String
        var stream: String
        var log: String
    }

    private func lines(_ bytes: [UInt8]) throws -> [Line] {
        try bytes.split(separator: UInt8(ascii: "\n")).map {
            try JSONDecoder().decode(Line.self, from: Data($0))
        }
    }

    private func piece(_ text: String) -> AttachedOutput { .output(ByteBuffer(string: text)) }

    /// A log in a folder of its own.
    private func with(bytesMax: Int = 1 << 20, _ body: (ContainerLog) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
        try await body(ContainerLog(path: folder.path + "/x.log", bytesMax: bytesMax))
    }

    private func read(_ log: ContainerLog, _ query: ContainerLogQuery = .init()) async throws -> [Line] {
        var all: [UInt8] = []
        let reader = ContainerLogReader(log.path, query, growth: nil)
        while let piece = await reader.next() { all += piece }
        return try lines(all)
    }

    @Test("lines are whole, of one stream each, and anything that JSON cannot say is replaced")
    func splitting() throws {
        var state = LogLineState()
        let time = LogLineState.time(Date(timeIntervalSince1970: 1.5))
        #expect(time == "1970-01-01T00:00:01.500000000Z")
        func add(_ text: [UInt8], _ stream: LogLineState.Stream) throws -> [Line] {
            try lines(state.add(ByteBuffer(bytes: text).readableBytesView, stream, at: time))
        }
        #expect(try add(Array("a\nb".utf8), .output).map(\.log) == ["a\n"])
        #expect(try add(Array("err\n".utf8), .errors) == [Line(time: time, stream: "stderr", log: "err\n")])
        #expect(try add(Array("c\n".utf8), .output).map(\.log) == ["bc\n"])
        #expect(
            try add([0xFF, 0x22, 0x5C, 0x01, 0x0D, 0x0A], .output).map(\.log) == ["\u{FFFD}\"\\\u{1}\r\n"]
        )
        #expect(try add(Array("rest".utf8), .errors).isEmpty)
        #expect(try lines(state.finish(at: time)) == [Line(time: time, stream: "stderr", log: "rest")])
        let long = try add([UInt8](repeating: 120, count: LogLineState.lineBytesMax + 1), .output)
        #expect(long.map(\.log.utf8.count) == [LogLineState.lineBytesMax])
    }

    @Test("readers get the last lines, and those of a span")
    func spans() async throws {
        try await with { log in
            await log.append(piece("one\ntwo\n"))
            let between = Date()
            try await Task.sleep(for: .milliseconds(2))
            await log.append(piece("three\n"))
            await log.finish()
            var query = ContainerLogQuery()
            #expect(try await read(log, query).map(\.log) == ["one\n", "two\n", "three\n"])
            query.tail = 2
            #expect(try await read(log, query).map(\.log) == ["two\n", "three\n"])
            query.tail = 0
            #expect(try await read(log, query).isEmpty)
            query.tail = nil
            query.since = between
            #expect(try await read(log, query).map(\.log) == ["three\n"])
            query.since = nil
            query.until = between
            #expect(try await read(log, query).map(\.log) == ["one\n", "two\n"])
        }
    }

    @Test("the last lines of two files are those of the moment of the request, in pieces of bounded size")
    func largeTail() async throws {
        try await with(bytesMax: 2 << 20) { log in
            let text = (0..<1000).map { "\($0) " + String(repeating: "x", count: 2000) + "\n" }
            for start in stride(from: 0, to: 1000, by: 50) {
                await log.append(piece(text[start..<start + 50].joined()))
            }
            var query = ContainerLogQuery()
            query.tail = 990
            let reader = ContainerLogReader(log.path, query, growth: nil)
            var all: [UInt8] = []
            while let piece = await reader.next() {
                #expect(piece.count <= 300 << 10)
                // Later lines are not part of what existed, nor is the file of another name.
                if all.isEmpty { await log.append(self.piece("later\n")) }
                all += piece
            }
            let read = try lines(all).map(\.log)
            #expect(read == text.suffix(990))
        }
    }

    @Test("two files are its bound, and the newest lines stay")
    func rotation() async throws {
        try await with(bytesMax: 1000) { log in
            for number in 0..<100 { await log.append(piece("line \(number)\n")) }
            await log.finish()
            let names = try FileManager.default.contentsOfDirectory(
                atPath: (log.path as NSString).deletingLastPathComponent
            )
            #expect(names.sorted() == ["x.log", "x.log.1"])
            for name in [log.path, ContainerLog.rotated(log.path)] {
                let size = try FileManager.default.attributesOfItem(atPath: name)[.size] as? Int
                #expect((size ?? .max) <= 1000)
            }
            let kept = try await read(log).map(\.log)
            #expect(kept.count > 10 && kept.last == "line 99\n")
            #expect(kept == (100 - kept.count..<100).map { "line \($0)\n" })
        }
    }

    @Test("a follower gets what is written, across a change of files, until the container rests")
    func following() async throws {
        try await with(bytesMax: 3000) { log in
            await log.append(piece("before\n"))
            let reader = ContainerLogReader(log.path, ContainerLogQuery(), growth: log.follow())
            let writing = Task {
                for number in 0..<60 {
                    await log.append(piece("line \(number)\n"))
                    try await Task.sleep(for: .milliseconds(1))
                }
                await log.finish()
                log.endFollowing()
            }
            var all: [UInt8] = []
            while let piece = await reader.next() { all += piece }
            try await writing.value
            #expect(try lines(all).map(\.log) == ["before\n"] + (0..<60).map { "line \($0)\n" })
        }
    }
}
