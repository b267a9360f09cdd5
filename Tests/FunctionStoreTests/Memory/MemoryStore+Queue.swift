// SPDX-License-Identifier: Apache-2.0
// Asynchronous calls in memory: accepted, claimed and ended.

import Foundation
import FunctionModel

@testable import FunctionStore

extension MemoryStore: QueueRepository {
    func openContent() async throws(StoreError) -> any QueueContentWriter { MemoryContent(folder: folder) }

    func discard(_ content: QueueContent) {
        if case .file(let file) = content { unlink(file.path) }
    }

    func removeOrphanedContents() async throws(StoreError) {
        let kept = try transaction { (tables) throws(StoreError) in
            tables.calls.flatMap { [$0.body, $0.output ?? .none] }
        }
        for name in MemoryContent.names(in: folder) {
            let path = folder + "/" + name
            let isKept = kept.contains { if case .file(let file) = $0 { file.path == path } else { false } }
            if !isKept { unlink(path) }
        }
    }

    func enqueue(_ call: NewQueuedCall, _ limits: QueueLimits) async throws(StoreError) -> EnqueueResult {
        try transaction { (tables) throws(StoreError) in
            let unfinished = tables.calls.count { $0.new.function == call.function && $0.isUnfinished }
            guard unfinished < limits.unfinishedPerFunctionMax else { return .functionFull }
            let bytes = tables.calls.map(\.contentBytes).reduce(0, +)
            guard bytes + call.body.sizeBytes <= limits.contentBytesMax else { return .storageFull }
            for id in [call.id, call.spareID] where !tables.calls.contains(where: { $0.id == id }) {
                tables.lastCall += 1
                tables.calls.append(MemoryCall(call, id: id, sequence: tables.lastCall, now: Date()))
                return .accepted(id: id)
            }
            throw .failed(reason: "both ids are taken")
        }
    }

    func claim(_ request: QueueClaimRequest) async throws(StoreError) -> QueueClaims {
        try transaction { (tables) throws(StoreError) in
            let now = Date()
            _ = tables.expire(except: request.owner, endedBefore: now, now: now)
            var claims = QueueClaims()
            let pending = tables.calls.filter { $0.state == .queued || $0.state == .waiting }
            for function in Set(pending.map(\.new.function)) {
                let room = min(request.room(function), request.countMax - claims.claims.count)
                guard room > 0 else { continue }
                let waiting = pending.filter { $0.new.function == function }
                let due = waiting.filter { $0.due <= now }.sorted {
                    ($0.due, $0.sequence) < ($1.due, $1.sequence)
                }
                let taken = Set(due.prefix(room).map(\.sequence))
                for index in tables.calls.indices where taken.contains(tables.calls[index].sequence) {
                    claims.claims.append(
                        tables.calls[index].claimed(by: request.owner, lease: request.lease, now: now)
                    )
                }
                let later = waiting.filter { !taken.contains($0.sequence) }.map(\.due).min()
                guard taken.count < room, let later else { continue }
                claims.nextDue = min(
                    claims.nextDue ?? .seconds(1 << 30),
                    .seconds(max(0, later.timeIntervalSince(now)))
                )
            }
            return claims
        }
    }

    func settle(_ claim: QueueClaim, _ ending: QueueEnding) async throws(StoreError) -> QueuedCallState? {
        let (state, dropped) = try transaction {
            (tables) throws(StoreError) -> (QueuedCallState?, [QueueContent]) in
            let index = tables.calls.firstIndex {
                $0.id == claim.id && $0.claim?.owner == claim.owner && $0.attempt == claim.attempt
            }
            guard let index else { return (nil, [ending.output]) }
            let dropped = tables.calls[index].ended(ending, now: Date())
            return (tables.calls[index].state, dropped)
        }
        for content in dropped { discard(content) }
        return state
    }

    func extendLeases(of owner: String, by lease: Duration) async throws(StoreError) {
        try transaction { (tables) throws(StoreError) in
            let claim = MemoryCall.Claim(owner: owner, until: Date() + lease.seconds)
            for index in tables.calls.indices {
                if tables.calls[index].claim?.owner == owner { tables.calls[index].claim = claim }
                guard tables.calls[index].delivery?.claim?.owner == owner else { continue }
                tables.calls[index].delivery?.claim = claim
                tables.calls[index].delivery?.due = claim.until
            }
        }
    }

    func expireLeases(except owner: String) async throws(StoreError) -> [LostQueuedCall] {
        try transaction { (tables) throws(StoreError) in
            let now = Date()
            for index in tables.calls.indices {
                guard let other = tables.calls[index].delivery?.claim?.owner, other != owner else { continue }
                tables.calls[index].delivery?.claim = nil
                tables.calls[index].delivery?.due = now
            }
            return tables.expire(except: owner, endedBefore: .distantFuture, now: now)
        }
    }
}

extension MemoryStore.Tables {
    fileprivate mutating func expire(except owner: String, endedBefore end: Date, now: Date)
        -> [LostQueuedCall]
    {
        var lost: [LostQueuedCall] = []
        for index in calls.indices {
            guard let claim = calls[index].claim, claim.owner != owner, claim.until < end else { continue }
            calls[index].lost(now: now)
            lost.append(
                LostQueuedCall(
                    id: calls[index].id,
                    function: calls[index].new.function,
                    startedAt: calls[index].startedAt ?? now
                )
            )
        }
        return lost
    }
}

extension QueueEnding {
    fileprivate var output: QueueContent {
        switch self {
        case .finished(_, _, let output), .retry(_, _, let output): output
        case .released: .none
        }
    }
}

/// A content of the queue in a file of its own.
final class MemoryContent: QueueContentWriter {
    private static let prefix = "content-"
    private let path: String
    private let name: String

    init(folder: String) {
        name = Self.prefix + UUID().uuidString
        path = folder + "/" + name
        close(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600))
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
        do {
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            try file.seekToEnd()
            try file.write(contentsOf: Data(bytes))
            try file.close()
        } catch {
            throw .failed(reason: "\(error)")
        }
    }

    func finish() async throws(StoreError) -> QueueContent {
        var status = stat()
        guard stat(path, &status) == 0 else { throw .failed(reason: "stat: \(errno)") }
        return .file(QueueFile(name: name, path: path, sizeBytes: Int(status.st_size)))
    }

    func discard() { unlink(path) }

    /// The files that such writers made.
    static func names(in folder: String) -> [String] {
        // A folder that is gone has none.
        let all = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return all.filter { $0.hasPrefix(prefix) }
    }
}
