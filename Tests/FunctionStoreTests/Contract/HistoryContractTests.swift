// SPDX-License-Identifier: Apache-2.0
// The contract of HistoryRepository, for every implementation.

import FunctionModel
import FunctionStore
import Testing

@Suite struct HistoryContractTests {
    @Test("a follower gets each line of two writing processes once", arguments: RepositoryMaker.all)
    func cursor(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        let writers = [pair.first, pair.second]
        let lines = 100
        let writing = Task {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<lines {
                    group.addTask {
                        // Later lines have earlier times: a cursor must not depend on them.
                        let entry = try line("\(number)", at: -Double(number))
                        try await writers[number % 2].record([], logs: [entry], limits: HistoryLimits())
                    }
                }
                try await group.waitForAll()
            }
        }
        var query = LogQuery(function: try name("hello"))
        query.after = .start
        var texts: [String] = []
        for _ in 0..<10_000 where texts.count < lines {
            let page = try await pair.first.logs(query)
            texts += page.lines.map(\.text)
            query.after = page.cursor
        }
        try await writing.value
        #expect(texts.count == lines)
        #expect(Set(texts).count == lines)
        #expect(try await pair.first.logs(query).lines.isEmpty)
    }

    @Test("what is over the limits goes, oldest first, and counts stay", arguments: RepositoryMaker.all)
    func retention(_ maker: RepositoryMaker) async throws {
        let pair = try Pair(maker)
        try await pair.first.deployPlain(name("hello"))
        var limits = HistoryLimits()
        limits.invocationRowsPerFunctionMax = 10
        for number in 0..<30 {
            let entry = try invocation("\(number)", at: Double(number))
            try await pair.first.record([entry], logs: [], limits: limits)
        }
        let kept = try await pair.second.invocations(InvocationQuery()).map(\.id)
        #expect((1...10).contains(kept.count))
        #expect(kept == (0..<30).reversed().prefix(kept.count).map(String.init))
        #expect(try await pair.second.invocationCounts() == [name("hello"): 30])
        #expect(try await pair.second.invocationCount(of: name("hello")) == 30)
        #expect(try await pair.second.invocationCount(of: name("nobody")) == 0)
        #expect(try await pair.second.hasHistory(of: name("hello")))
        #expect(try await !pair.second.hasHistory(of: name("nobody")))
    }
}
