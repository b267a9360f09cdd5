// SPDX-License-Identifier: Apache-2.0
// Streamed output leaves other connections of its event loop their turn.

import Contracts
import FunctionModel
import Glibc
import HTTPTypes
import NIOCore
import NIOPosix
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

    /// Counts turns until a byte reaches it.
    private final class Looks: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        private let count = Atomic(0)
        private let hasArrived = Atomic(false)

        var turns: Int { count.load(ordering: .relaxed) }
        var isOver: Bool { hasArrived.load(ordering: .relaxed) || turns > 5000 }
        func turn() { count.wrappingAdd(1, ordering: .relaxed) }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            hasArrived.store(true, ordering: .relaxed)
        }
    }

    @Test("the loop looks at its sockets between two turns, also when a turn takes several tasks")
    func looks() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let looks = Looks()
        var ends: [Int32] = [-1, -1]
        #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        let (far, near) = (ends[0], ends[1])
        defer { close(far) }
        let channel = try await ClientBootstrap(group: group).channelInitializer { channel in
            channel.pipeline.addHandler(looks)
        }.withConnectedSocket(near).get()
        let turns = StreamTurns(loop)
        let streams = (0..<3).map { _ in
            Task(executorPreference: LoopExecutor(loop)) {
                while !looks.isOver {
                    await turns.next()
                    looks.turn()
                    for _ in 0..<3 { await Self.work(on: loop) }
                }
            }
        }
        while looks.turns < 100 { try await Task.sleep(for: .milliseconds(1)) }
        let before = looks.turns
        #expect(write(far, "x", 1) == 1)
        for stream in streams { await stream.value }
        #expect(looks.turns - before < 1000)
        try await channel.close()
        try await group.shutdownGracefully()
    }

    /// A task of the loop that takes longer than the pause between two turns.
    private static func work(on loop: any EventLoop) async {
        await withCheckedContinuation { continuation in
            loop.execute {
                let end = NIODeadline.now() + .microseconds(30)
                while NIODeadline.now() < end {}
                continuation.resume()
            }
        }
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
