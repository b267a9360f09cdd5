// SPDX-License-Identifier: Apache-2.0
// Streamed output leaves other connections of its event loop their turn.

import Contracts
import FunctionModel
import HTTPTypes
import NIOCore
import Scheduler
import Synchronization
import Testing

@testable import Gateway

@Suite struct StreamTurnsTests {
    @Test("one stream goes at once, others wait for the rest after each turn, first come first served")
    func order() {
        var state = StreamTurnState()
        #expect(state.asked() == .go)
        #expect(state.asked() == .wait(1))
        #expect(state.asked() == .wait(2))
        #expect(state.pauseEnded() == 1)
        #expect(state.asked() == .wait(3))
        #expect(state.pauseEnded() == 2)
        #expect(state.pauseEnded() == 3)
        #expect(state.pauseEnded() == nil)
        #expect(state.asked() == .go)
        #expect(state.pauseEnded() == nil)
    }

    /// Output that is always there, until it is ended.
    private final class Flood: OutputStream {
        /// By then the test has failed, and its gateway is to end.
        static let piecesMax = 200_000

        private let record: Invocation
        private let pieces = Atomic<Int>(0)
        private let isEnded = Atomic<Bool>(false)

        init(_ record: Invocation) { self.record = record }

        var isExhausted: Bool { pieces.load(ordering: .relaxed) >= Self.piecesMax }

        func end() { isEnded.store(true, ordering: .relaxed) }

        func next() async -> ByteBuffer? {
            guard !isEnded.load(ordering: .relaxed),
                pieces.wrappingAdd(1, ordering: .relaxed).newValue < Self.piecesMax
            else { return nil }
            return ByteBuffer(string: "x")
        }

        var trailers: HTTPFields { HTTPFields() }
        func ending() async -> Invocation { record }
        func cancel() { end() }
    }

    @Test(
        "a function that writes without a pause does not keep its event loop from others",
        arguments: ["GET", "HEAD"]
    )
    func flood(method: String) async throws {
        let floods = Mutex<[Flood]>([])
        let invoker = FakeInvoker { (function, request) throws(InvocationRefusal) in
            let record = FakeInvoker.record(function, request.id, .ok)
            guard function.text == "flood" else {
                return .complete(ResponseHead(), output: ByteBuffer(string: "x"), record)
            }
            let flood = Flood(record)
            floods.withLock { $0.append(flood) }
            return .streaming(ResponseHead(), flood)
        }
        let functions = [try makeRevision("hello"), try makeRevision("flood")]
        // As many as there are event loops, and more: none is without one.
        let count = 2 * EventLoops.count(processors: System.coreCount) + 6
        try await TestGateway.run(invoker, functions) { gateway in
            let floodings = (0..<count).map { _ in
                Task { try await gateway.client.send(method, "/function/flood") }
            }
            while floods.withLock({ $0.count }) < count { try await Task.sleep(for: .milliseconds(1)) }
            #expect(try await gateway.client.send("GET", "/function/hello").status == 200)
            for flood in floods.withLock({ $0 }) {
                #expect(!flood.isExhausted)
                flood.end()
            }
            for flooding in floodings { #expect(try await flooding.value.status == 200) }
        }
    }
}
