// SPDX-License-Identifier: Apache-2.0
// Many writes in few transactions: what the state decides, and that each caller gets its own result.

import Foundation
import FunctionModel
import Testing

@testable import FunctionStore

@Suite struct GroupCommitTests {
    @Test("a lone write begins at once, the others wait for it and go together")
    func batches() {
        var state = GroupCommitState<Int>()
        #expect(state.add(1) == .begin)
        #expect(state.next() == [1])
        #expect(state.add(2) == .wait)
        #expect(state.add(3) == .wait)
        #expect(state.next() == [2, 3])
        #expect(state.next() == nil)
        #expect(state.add(4) == .begin)
    }

    @Test("a batch is bounded, and nothing is lost or done twice in any order of events")
    func random() {
        var random = SystemRandomNumberGenerator()
        var state = GroupCommitState<Int>()
        var (added, done, isCommitting) = (0, [Int](), false)
        for _ in 0..<5000 {
            if Bool.random(using: &random) {
                for _ in 0..<Int.random(in: 1...400, using: &random) {
                    #expect((state.add(added) == .begin) == !isCommitting)
                    isCommitting = true
                    added += 1
                }
            } else if isCommitting {
                let batch = state.next()
                #expect((batch?.count ?? 1) <= GroupCommitState<Int>.batchMax)
                isCommitting = batch != nil
                done += batch ?? []
            }
        }
        while isCommitting, let batch = state.next() { done += batch }
        #expect(done == Array(0..<added))
    }

    @Test("concurrent acceptances all are on the disk, each with its own id")
    func concurrent() async throws {
        let folder = try TemporaryFolder()
        let store = try folder.open()
        let results = try await withThrowingTaskGroup(of: EnqueueResult.self) { group in
            for number in 0..<600 { group.addTask { try await store.accept("\(number)") } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(results) == Set((0..<600).map { .accepted(id: "\($0)") }))
        let other = try folder.open()
        var query = QueueQuery()
        query.limit = 1000
        #expect(try await other.queuedCalls(query).count == 600)
    }
}
