// SPDX-License-Identifier: Apache-2.0
// The contract of QueueRepository, for every implementation: bounds, contents, operators' changes, deliveries.

import Foundation
import FunctionModel
import FunctionStore
import Testing

@Suite struct QueueCareContractTests {
    @Test("a call beyond the bounds is not accepted, and its end makes room", arguments: RepositoryMaker.all)
    func bounds(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        var limits = QueueLimits()
        limits.unfinishedPerFunctionMax = 2
        for id in ["a", "b"] {
            #expect(try await pair.first.accept(id, limits: limits) == .accepted(id: id))
        }
        #expect(try await pair.second.accept("c", limits: limits) == .functionFull)
        #expect(try await pair.second.accept("c", of: "other", limits: limits) == .accepted(id: "c"))
        let claim = try #require(await pair.first.take("o").first { $0.function.text == "hello" })
        _ = try await pair.first.settle(claim, .finished(.succeeded, result(), output: .none))
        #expect(try await pair.second.accept("d", limits: limits) == .accepted(id: "d"))
        limits.contentBytesMax = 10
        #expect(try await pair.second.accept("e", of: "third", limits: limits) == .storageFull)
        #expect(try await pair.first.queuedCall("e") == nil)
    }

    @Test("a call whose id is taken gets its spare one", arguments: RepositoryMaker.all)
    func takenID(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        #expect(try await pair.first.accept("x") == .accepted(id: "x"))
        #expect(try await pair.second.accept("x") == .accepted(id: "spare-x"))
        #expect(try await pair.first.queuedCalls(QueueQuery()).map(\.id) == ["spare-x", "x"])
    }

    @Test("cancelling ends a waiting call at once, a running one at its end", arguments: RepositoryMaker.all)
    func cancel(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        for id in ["x", "y", "z"] { try await pair.first.accept(id) }
        #expect(try await pair.first.cancel("x") == .done)
        #expect(try await pair.first.cancel("x") == .refused(.cancelled))
        #expect(try await pair.first.cancel("nobody") == .unknown)
        let claims = try await pair.first.take("a")
        #expect(claims.map(\.id) == ["y", "z"])
        for id in ["y", "z"] { #expect(try await pair.second.cancel(id) == .asked) }
        let retry = QueueEnding.retry(after: .zero, result(.exit), output: .none)
        #expect(try await pair.first.settle(claims[0], retry) == .cancelled)
        // A completed step stays completed.
        let done = QueueEnding.finished(.succeeded, result(), output: .none)
        #expect(try await pair.first.settle(claims[1], done) == .succeeded)
        #expect(try await pair.first.take("a").isEmpty)
    }

    @Test(
        "a dead letter keeps its request and runs again with all its attempts",
        arguments: RepositoryMaker.all
    )
    func deadLetter(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        try await pair.first.accept("x")
        let first = try #require(await pair.first.take("a").first)
        _ = try await pair.first.settle(first, .retry(after: .zero, result(.exit), output: .none))
        let last = try #require(await pair.first.take("a").first)
        let failed = QueueEnding.finished(.failed, result(.oom), output: bytes("last words"))
        #expect(try await pair.first.settle(last, failed) == .failed)
        let letter = try #require(await pair.second.queuedCall("x"))
        #expect(letter.attempts == 2)
        #expect(letter.result?.outcome == .oom)
        #expect(letter.outputBytes == 10)
        #expect(try await pair.second.queueDepths().map(\.failed) == [1])
        #expect(try await pair.second.retry("x") == .done)
        #expect(try await pair.second.retry("x") == .refused(.queued))
        #expect(try await pair.second.retry("nobody") == .unknown)
        let again = try #require(await pair.second.take("b").first)
        #expect(again.attemptsUsed == 0)
        #expect(again.body == bytes("body of x"))
        #expect(
            try await pair.second.settle(again, .finished(.succeeded, result(), output: .none)) == .succeeded
        )
        #expect(try await pair.second.retry("x") == .refused(.succeeded))
        #expect(try await pair.second.queueDepths().isEmpty)
    }

    @Test("purging removes the selected calls, but no running one", arguments: RepositoryMaker.all)
    func purge(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        for number in 0..<4 { try await pair.first.accept("\(number)") }
        try await pair.first.accept("other", of: "other")
        let claims = try await pair.first.take("a", countMax: 5).filter { $0.function.text == "hello" }
        for claim in claims.prefix(2) {
            _ = try await pair.first.settle(claim, .finished(.failed, result(.exit), output: .none))
        }
        #expect(try await pair.second.purge([.failed, .running], of: name("other"), in: nil) == 0)
        #expect(try await pair.second.purge([.failed, .running], of: nil, in: nil) == 2)
        #expect(try await pair.first.queuedCalls(QueueQuery()).allSatisfy { $0.state == .running })
        #expect(try await pair.first.queuedCalls(QueueQuery()).count == 3)
    }

    @Test("a namespace's calls are listed and purged apart from others", arguments: RepositoryMaker.all)
    func namespaces(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        for (id, function) in [("a", "hello"), ("b", "hello.team"), ("c", "other.team")] {
            try await pair.first.accept(id, of: function)
        }
        func ids(_ namespace: String, _ function: String? = nil) async throws -> [String] {
            var query = QueueQuery()
            query.namespace = namespace
            query.function = try function.map { try name($0) }
            return try await pair.second.queuedCalls(query).map(\.id)
        }
        #expect(try await ids("team") == ["c", "b"])
        #expect(try await ids("team", "hello.team") == ["b"])
        #expect(try await ids(FunctionName.defaultNamespace) == ["a"])
        #expect(try await ids("nobody") == [])
        #expect(try await pair.second.purge([.queued], of: nil, in: "nobody") == 0)
        #expect(try await pair.second.purge([.queued], of: nil, in: "team") == 2)
        #expect(try await pair.first.queuedCalls(QueueQuery()).map(\.id) == ["a"])
    }

    @Test(
        "what is over the limits goes, oldest first, and its outputs before",
        arguments: RepositoryMaker.all
    )
    func prune(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        for number in 0..<6 {
            try await pair.first.accept("\(number)")
            let claim = try #require(await pair.first.take("a").first)
            let state: QueuedCallState = number == 0 ? .failed : .succeeded
            _ = try await pair.first.settle(claim, .finished(state, result(), output: bytes("0123456789")))
        }
        var limits = QueueLimits()
        limits.outputBytesMax = 40
        limits.finishedMax = 5
        _ = try await pair.second.prune(limits)
        #expect(try await pair.first.queuedCalls(QueueQuery()).map(\.id) == ["5", "4", "3", "2", "1"])
        #expect(try await pair.first.output(of: "1") == nil)
        #expect(try await pair.first.output(of: "2") == bytes("0123456789"))
        limits.finishedAgeMax = .zero
        try await Task.sleep(for: .milliseconds(5))
        _ = try await pair.second.prune(limits)
        #expect(try await pair.first.queuedCalls(QueueQuery()).isEmpty)
    }

    @Test("a dead letter is kept longer than what succeeded", arguments: RepositoryMaker.all)
    func deadLettersStay(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        for (id, state) in [("bad", QueuedCallState.failed), ("good", .succeeded)] {
            try await pair.first.accept(id)
            let claim = try #require(await pair.first.take("a").first)
            _ = try await pair.first.settle(claim, .finished(state, result(), output: .none))
        }
        try await Task.sleep(for: .milliseconds(5))
        var limits = QueueLimits()
        limits.finishedAgeMax = .zero
        _ = try await pair.first.prune(limits)
        #expect(try await pair.second.queuedCalls(QueueQuery()).map(\.id) == ["bad"])
    }

    @Test("a result is delivered by one process at a time, until it says so", arguments: RepositoryMaker.all)
    func callbacks(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        try await pair.first.accept("x", callback: "http://example.org/")
        #expect(try await pair.first.claimCallbacks(owner: "a", lease: .zero, countMax: 9).claims.isEmpty)
        let run = try #require(await pair.first.take("a").first)
        _ = try await pair.first.settle(run, .finished(.succeeded, result(), output: bytes("done")))
        let old = try await pair.first.claimCallbacks(owner: "a", lease: .zero, countMax: 9).claims
        #expect(old.map(\.output) == [bytes("done")])
        #expect(old.map(\.url) == ["http://example.org/"])
        try await Task.sleep(for: .milliseconds(5))
        let new = try #require(
            await pair.second.claimCallbacks(owner: "b", lease: .seconds(60), countMax: 9).claims.first
        )
        #expect(new.attempt == 2)
        #expect(try await !pair.first.settle(old[0], .delivered))
        #expect(try await pair.first.claimCallbacks(owner: "a", lease: .zero, countMax: 9).claims.isEmpty)
        #expect(try await pair.second.settle(new, .retry(after: .zero, reason: "no")))
        #expect(try await pair.first.queuedCall("x")?.callbackReason == "no")
        let last = try await pair.first.claimCallbacks(owner: "a", lease: .seconds(60), countMax: 9).claims
        #expect(try await pair.first.settle(last[0], .delivered))
        #expect(try await pair.second.queuedCall("x")?.callbackState == .delivered)
        #expect(try await pair.second.claimCallbacks(owner: "b", lease: .zero, countMax: 9).nextDue == nil)
    }

    @Test(
        "a large content is whole, goes with its call, and what no call names is removed",
        arguments: RepositoryMaker.all
    )
    func contents(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        let stored = try await pair.first.content("large")
        guard case .file(let file) = stored else {
            Issue.record("no file: \(stored)")
            return
        }
        var call = NewQueuedCall(
            id: "x",
            spareID: "y",
            function: try name("hello"),
            head: Data(),
            body: stored
        )
        call.callbackURL = nil
        _ = try await pair.first.enqueue(call, QueueLimits())
        let orphan = try await pair.first.content("orphan")
        try await pair.second.removeOrphanedContents()
        #expect(!FileManager.default.fileExists(atPath: orphan.path))
        let claim = try #require(await pair.second.take("a").first)
        #expect(claim.body == stored)
        #expect(try String(contentsOfFile: file.path, encoding: .utf8) == "large")
        let output = try await pair.second.content("answer")
        _ = try await pair.second.settle(claim, .finished(.succeeded, result(), output: output))
        #expect(!FileManager.default.fileExists(atPath: file.path))
        #expect(FileManager.default.fileExists(atPath: output.path))
        let late = try await pair.second.content("late")
        #expect(try await pair.second.settle(claim, .finished(.failed, result(), output: late)) == nil)
        #expect(!FileManager.default.fileExists(atPath: late.path))
        #expect(try await pair.first.purge([.succeeded], of: nil, in: nil) == 1)
        #expect(!FileManager.default.fileExists(atPath: output.path))
    }
}

extension QueueRepository {
    fileprivate func content(_ text: String) async throws -> QueueContent {
        let writer = try await openContent()
        var text = text
        try text.withUTF8 { try writer.write(UnsafeRawBufferPointer($0)) }
        return try await writer.finish()
    }
}

extension QueueContent {
    fileprivate var path: String {
        guard case .file(let file) = self else { return "" }
        return file.path
    }
}
