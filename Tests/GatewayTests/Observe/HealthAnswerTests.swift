// SPDX-License-Identifier: Apache-2.0
// Health checks: answered by the event loop alone, however busy the threads of tasks are.

import Foundation
import FunctionModel
import Synchronization
import Testing

@testable import Gateway

@Suite("Health checks") struct HealthAnswerTests {
    /// Holds every thread of the pool for tasks until it is opened.
    private final class Barrier: Sendable {
        private static let tasks = 256
        /// Longer than any answer takes, so that a failure ends.
        private static let secondsMax = 20.0
        private let isOpen = Atomic(false)
        private let heldCount = Atomic(0)
        private let startedCount = Atomic(0)

        /// Begins tasks that hold their threads.
        func hold() {
            for _ in 0..<Self.tasks { Task.detached { self.wait() } }
            // The pool has given out its threads once their number stays.
            let end = Date(timeIntervalSinceNow: Self.secondsMax)
            var (before, now) = (0, 0)
            repeat {
                before = now
                usleep(100_000)
                now = heldCount.load(ordering: .relaxed)
            } while (now == 0 || now > before) && Date() < end
        }

        private func wait() {
            startedCount.add(1, ordering: .relaxed)
            heldCount.add(1, ordering: .relaxed)
            let end = Date(timeIntervalSinceNow: Self.secondsMax)
            while !isOpen.load(ordering: .relaxed), Date() < end { usleep(1000) }
            heldCount.subtract(1, ordering: .relaxed)
        }

        /// Whether tasks still wait for a thread.
        var isFull: Bool {
            heldCount.load(ordering: .relaxed) > 0 && startedCount.load(ordering: .relaxed) < Self.tasks
        }

        func open() { isOpen.store(true, ordering: .relaxed) }
    }

    @Test("are answered while no task gets a thread", arguments: ["/healthz", "/readyz", "/"])
    func busy(path: String) async throws {
        try await TestGateway.run(.ending(.ok)) { gateway in
            let port = gateway.client.port
            let (answer, wasFull) = try await withCheckedThrowingContinuation { continuation in
                Thread.detachNewThread {
                    let barrier = Barrier()
                    barrier.hold()
                    let result = Result {
                        let connection = try WireConnection(port: port)
                        connection.send(
                            Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
                        )
                        let answer = WireAnswer(try connection.receive())
                        return (answer, barrier.isFull)
                    }
                    barrier.open()
                    continuation.resume(with: result)
                }
            }
            #expect(answer.status == 200)
            #expect(wasFull)
        }
    }
}
