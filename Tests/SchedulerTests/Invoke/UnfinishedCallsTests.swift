// SPDX-License-Identifier: Apache-2.0
// Calls under way in a file: what the next gateway finds.

import Foundation
import FunctionModel
import Testing

@testable import Scheduler

@Suite("Unfinished calls") struct UnfinishedCallsTests {
    private static func call(_ id: String, trigger: Trigger = .http) throws -> UnfinishedCall {
        UnfinishedCall(
            id: id,
            function: try FunctionName("hello"),
            revision: 7,
            trigger: trigger,
            startedAt: Date(timeIntervalSince1970: 1_700_000_000.25)
        )
    }

    private static func withPath(_ body: (String) throws -> Void) throws {
        let folder = NSTemporaryDirectory() + "/mayfly-unfinished-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder + "/calls")
    }

    @Test("an entry reads as the call that it was made of", arguments: [Trigger.http, .cli, .run])
    func entry(trigger: Trigger) throws {
        let call = try Self.call(String(repeating: "i", count: 128), trigger: trigger)
        let entry = try #require(call.entry())
        #expect(entry.count == UnfinishedCall.entryBytes)
        #expect(UnfinishedCall(entry: entry[...]) == call)
        #expect(call.record.outcome == .lost && call.record.revision == 7)
    }

    @Test("calls that the store knows, and ids without room, have no entry")
    func none() throws {
        #expect(try Self.call("a", trigger: .schedule).entry() == nil)
        #expect(try Self.call("a", trigger: .asynchronous).entry() == nil)
        #expect(try Self.call(String(repeating: "i", count: 250)).entry() == nil)
    }

    @Test("an entry with any byte changed is none")
    func damaged() throws {
        let entry = try #require(try Self.call("abc").entry())
        for index in entry.indices {
            var damaged = entry
            damaged[index] ^= 0x41
            #expect(UnfinishedCall(entry: damaged[...]) == nil, "byte \(index)")
        }
        #expect(UnfinishedCall(entry: entry.dropLast()) == nil)
        #expect(UnfinishedCall(entry: [UInt8](repeating: 0, count: 256)[...]) == nil)
    }

    @Test("the next gateway finds the calls that were not finished, once")
    func leaves() throws {
        try Self.withPath { path in
            let (first, none) = try UnfinishedCalls.open(path)
            #expect(none == [])
            let a = first.begin(try Self.call("a"))
            var b = first.begin(try Self.call("b"))
            let c = first.begin(try Self.call("c"))
            #expect(a != nil && b != nil && c != nil)
            b = nil
            let (second, left) = try UnfinishedCalls.open(path)
            #expect(left.map(\.id) == ["a", "c"])
            withExtendedLifetime((a, b, c, second)) {}
            let (_, again) = try UnfinishedCalls.open(path)
            #expect(again == [])
        }
    }

    @Test("a call beyond the entries runs without a note, and an end makes room")
    func full() throws {
        try Self.withPath { path in
            let (calls, _) = try UnfinishedCalls.open(path)
            let call = try Self.call("a")
            var notes = (0..<UnfinishedCalls.entriesMax).map { _ in calls.begin(call) }
            #expect(notes.allSatisfy { $0 != nil })
            #expect(calls.begin(call) == nil)
            notes.removeLast()
            #expect(calls.begin(call) != nil)
        }
    }

    @Test("a file that cannot be opened is named")
    func refused() throws {
        try Self.withPath { path in
            symlink("/dev/null", path)
            #expect(throws: EngineError.self) { _ = try UnfinishedCalls.open(path) }
        }
    }

    @Test("entries are found by the next gateway, mapped or written", arguments: [true, false])
    func entryFile(mapsFile: Bool) throws {
        try Self.withPath { path in
            func open() throws -> (EntryFile, contents: [UInt8]) {
                try EntryFile.open(path, count: 3, entryBytes: 16, mapsFile: mapsFile)
            }
            let (first, none) = try open()
            // The first file was empty.
            #expect(none == [])
            if !mapsFile { #expect(!first.isMapped) }
            #expect(first.write([1, 2, 3], at: 0) && first.write([UInt8](repeating: 9, count: 16), at: 2))
            #expect(!first.write([1], at: 3) && !first.write([1], at: -1))
            #expect(!first.write([UInt8](repeating: 9, count: 17), at: 0))
            let (second, left) = try open()
            #expect(left.count == 48 && left[0..<4] == [1, 2, 3, 0] && left[32...].allSatisfy { $0 == 9 })
            #expect(left[16..<32].allSatisfy { $0 == 0 })
            let (third, cleared) = try open()
            #expect(cleared.allSatisfy { $0 == 0 })
            withExtendedLifetime((first, second, third)) {}
        }
    }
}
