// SPDX-License-Identifier: Apache-2.0
// The contract of QueueRepository, for every implementation: claims, fences, leases.

import Foundation
import FunctionModel
import FunctionStore
import Testing

@Suite struct QueueContractTests {
    @Test("of two processes that claim at once each call goes to one", arguments: RepositoryMaker.all)
    func claimedOnce(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        for number in 0..<100 { try await pair.first.accept("\(number)") }
        let claimers = [(pair.first, "a"), (pair.second, "b")]
        let ids = try await withThrowingTaskGroup(of: [String].self) { group in
            for turn in 0..<20 {
                let (repository, owner) = claimers[turn % 2]
                group.addTask { try await repository.take(owner, countMax: 7).map(\.id) }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(ids.count == 100)
        #expect(Set(ids).count == 100)
        #expect(try await pair.first.queueDepths().map(\.running) == [100])
    }

    @Test("calls of one function come in the order of their acceptance", arguments: RepositoryMaker.all)
    func order(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        for number in 0..<20 { try await pair.first.accept("\(number)") }
        let claims = try await pair.second.take("a", countMax: 20)
        #expect(claims.map(\.id) == (0..<20).map(String.init))
        #expect(claims.map(\.attempt) == Array(repeating: 1, count: 20))
        #expect(claims.first?.body == .bytes(Data("body of 0".utf8)))
        #expect(claims.first?.head == Data("head".utf8))
    }

    @Test("a claim asks for room, function by function", arguments: RepositoryMaker.all)
    func room(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        for number in 0..<10 {
            try await pair.first.accept("a\(number)", of: "one")
            try await pair.first.accept("b\(number)", of: "two")
        }
        let one = try name("one")
        let request = QueueClaimRequest(owner: "a", lease: .seconds(60), countMax: 6) { $0 == one ? 2 : .max }
        let functions = try await pair.first.claim(request).claims.map(\.function.text)
        #expect(functions.count == 6)
        #expect(functions.filter { $0 == "one" }.count <= 2)
        let rest = QueueClaimRequest(owner: "a", lease: .seconds(60), countMax: 100) { $0 == one ? 0 : 1 }
        #expect(try await pair.first.claim(rest).claims.map(\.function.text) == ["two"])
    }

    @Test("an end whose claim is not the last one changes nothing", arguments: RepositoryMaker.all)
    func fence(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        try await pair.first.accept("x")
        let old = try #require(await pair.first.take("a", lease: .zero).first)
        try await Task.sleep(for: .milliseconds(5))
        let new = try #require(await pair.second.take("b").first)
        #expect(new.attempt == 2)
        #expect(new.losses == 1)
        #expect(try await pair.first.settle(old, .finished(.failed, result(), output: .none)) == nil)
        #expect(try await pair.first.queuedCall("x")?.state == .running)
        #expect(
            try await pair.second.settle(new, .finished(.succeeded, result(), output: .none)) == .succeeded
        )
        #expect(try await pair.second.settle(new, .retry(after: .zero, result(), output: .none)) == nil)
        #expect(try await pair.first.queuedCall("x")?.state == .succeeded)
    }

    @Test("an owner never takes its own claims over", arguments: RepositoryMaker.all)
    func ownLease(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        try await pair.first.accept("x")
        #expect(try await pair.first.take("a", lease: .zero).count == 1)
        try await Task.sleep(for: .milliseconds(5))
        #expect(try await pair.first.take("a").isEmpty)
        try await pair.first.extendLeases(of: "a", by: .seconds(60))
        #expect(try await pair.second.take("b").isEmpty)
    }

    @Test(
        "a failed attempt waits its time and counts, a released one does not",
        arguments: RepositoryMaker.all
    )
    func waits(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        try await pair.first.accept("x")
        let first = try #require(await pair.first.take("a").first)
        let failed = QueueEnding.retry(after: .milliseconds(80), result(.exit), output: bytes("why"))
        #expect(try await pair.first.settle(first, failed) == .waiting)
        let none = try await pair.first.claim(QueueClaimRequest(owner: "a", lease: .seconds(60), countMax: 9))
        #expect(none.claims.isEmpty)
        let due = try #require(none.nextDue)
        #expect(due > .zero && due <= .milliseconds(80))
        try await Task.sleep(for: due + .milliseconds(5))
        let second = try #require(await pair.second.take("b").first)
        #expect(second.attemptsUsed == 1)
        #expect(try await pair.second.settle(second, .released(after: .zero)) == .waiting)
        let third = try #require(await pair.second.take("b").first)
        #expect(third.attemptsUsed == 1)
        #expect(third.attempt == 3)
        #expect(try await pair.first.output(of: "x") == bytes("why"))
    }

    @Test("at a start the claims of others end, and their calls are due", arguments: RepositoryMaker.all)
    func restart(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        for id in ["x", "y"] { try await pair.first.accept(id) }
        let claims = try await pair.first.take("a")
        #expect(try await pair.first.cancel("y") == .asked)
        #expect(try await pair.second.expireLeases(except: "a").isEmpty)
        let lost = try await pair.second.expireLeases(except: "b")
        #expect(lost.map(\.id).sorted() == ["x", "y"])
        #expect(try await pair.second.expireLeases(except: "b").isEmpty)
        #expect(try await pair.second.queuedCall("y")?.state == .cancelled)
        let again = try await pair.second.take("b")
        #expect(again.map(\.id) == ["x"])
        #expect(again.map(\.losses) == [1])
        for claim in claims {
            #expect(try await pair.first.settle(claim, .released(after: .zero)) == nil)
        }
    }
}

extension QueueRepository {
    /// Accepts a call with a small body.
    @discardableResult
    func accept(
        _ id: String,
        of function: String = "hello",
        callback: String? = nil,
        limits: QueueLimits = QueueLimits()
    ) async throws -> EnqueueResult {
        var call = NewQueuedCall(
            id: id,
            spareID: "spare-\(id)",
            function: try name(function),
            head: Data("head".utf8),
            body: bytes("body of \(id)")
        )
        call.callbackURL = callback
        return try await enqueue(call, limits)
    }

    func take(_ owner: String, lease: Duration = .seconds(60), countMax: Int = 100) async throws
        -> [QueueClaim]
    {
        try await claim(QueueClaimRequest(owner: owner, lease: lease, countMax: countMax)).claims
    }
}

func bytes(_ text: String) -> QueueContent { .bytes(Data(text.utf8)) }

func result(_ outcome: Outcome = .ok) -> QueueResult {
    var result = QueueResult(outcome: outcome, milliseconds: 1.5)
    result.status = outcome == .ok ? 200 : 500
    return result
}
