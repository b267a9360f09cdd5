// SPDX-License-Identifier: Apache-2.0
// One call under way as a fixed number of bytes, which outlive the process. UnfinishedCalls writes and reads them; pure.

import FoundationEssentials
import FunctionModel

/// What is recorded of a call whose gateway died.
struct UnfinishedCall: Hashable, Sendable {
    /// Room for the longest id (128 bytes) and the longest name of a function (63 bytes).
    static let entryBytes = 256
    private static let headBytes = 27

    var id: String
    var function: FunctionName
    var revision: Int
    var trigger: Trigger
    var startedAt: Date

    /// Triggers whose calls have no record of their start elsewhere, by their number in an entry.
    private static let triggers: [Trigger] = [.http, .cli, .run]

    init(id: String, function: FunctionName, revision: Int, trigger: Trigger, startedAt: Date) {
        self.id = id
        self.function = function
        self.revision = revision
        self.trigger = trigger
        self.startedAt = startedAt
    }

    /// Its entry: checksum, start, revision, trigger, lengths and texts.
    ///
    /// - Returns: nil for calls that the store knows as under way (schedules and the queue), and for an id without room.
    func entry() -> [UInt8]? {
        guard let code = Self.triggers.firstIndex(of: trigger), id.utf8.count <= UInt8.max,
            id.utf8.count + function.text.utf8.count <= Self.entryBytes - Self.headBytes
        else { return nil }
        var entry = [UInt8]()
        entry.reserveCapacity(Self.entryBytes)
        Self.append(0, to: &entry)
        Self.append(startedAt.timeIntervalSince1970.bitPattern, to: &entry)
        Self.append(UInt64(bitPattern: Int64(revision)), to: &entry)
        entry.append(UInt8(code))
        entry.append(UInt8(id.utf8.count))
        entry.append(UInt8(function.text.utf8.count))
        entry += id.utf8
        entry += function.text.utf8
        entry.append(contentsOf: repeatElement(0, count: Self.entryBytes - entry.count))
        var sum = [UInt8]()
        Self.append(Self.checksum(entry[8...]), to: &sum)
        entry.replaceSubrange(0..<8, with: sum)
        return entry
    }

    /// Reads an entry.
    ///
    /// - Returns: nil for a free one, and for one that was not written completely.
    init?(entry: ArraySlice<UInt8>) {
        let entry = Array(entry)
        guard entry.count == Self.entryBytes, Self.number(entry[0..<8]) == Self.checksum(entry[8...]) else {
            return nil
        }
        let (idCount, nameCount) = (Int(entry[25]), Int(entry[26]))
        let idEnd = Self.headBytes + idCount
        guard Self.triggers.indices.contains(Int(entry[24])), idEnd + nameCount <= entry.count,
            let id = String(validating: entry[Self.headBytes..<idEnd], as: UTF8.self),
            let name = String(validating: entry[idEnd..<(idEnd + nameCount)], as: UTF8.self),
            let function = name == FunctionName.runs.text ? .runs : try? FunctionName(name)
        else { return nil }
        self.id = id
        self.function = function
        revision = Int(Int64(bitPattern: Self.number(entry[16..<24])))
        trigger = Self.triggers[Int(entry[24])]
        startedAt = Date(timeIntervalSince1970: Double(bitPattern: Self.number(entry[8..<16])))
    }

    /// The record of its end.
    var record: Invocation {
        Invocation(
            id: id,
            function: function,
            revision: revision,
            trigger: trigger,
            startedAt: startedAt,
            outcome: .lost
        )
    }

    private static func append(_ number: UInt64, to entry: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { entry.append(contentsOf: $0) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// FNV-1a: finds entries that were written in part; never 0, which a free entry has.
    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        let hash = bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return max(1, hash)
    }
}
