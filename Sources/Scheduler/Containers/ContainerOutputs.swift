// SPDX-License-Identifier: Apache-2.0
// One run's output on its way to everyone who reads it: the log and attached callers. Container makes one for each run.

import NIOCore
import Synchronization

/// Copies pieces into one queue for each reader; the slowest one makes the container wait, as with Docker.
final class ContainerOutputs: Sendable {
    private struct Storage {
        var queues: [OutputQueue] = []
        var isEnded = false
    }

    private let state = Mutex(Storage())

    /// A reader that gets everything from now on.
    func add() -> OutputQueue {
        let queue = OutputQueue()
        let isEnded = state.withLock { state in
            if !state.isEnded { state.queues.append(queue) }
            return state.isEnded
        }
        if isEnded { queue.end() }
        return queue
    }

    /// The reader is gone.
    func remove(_ queue: OutputQueue) {
        state.withLock { state in state.queues.removeAll { $0 === queue } }
        queue.close()
    }

    /// Hands out a piece and suspends while a reader is slow; one caller at a time.
    func write(_ piece: AttachedOutput) async {
        for queue in state.withLock({ $0.queues }) { await queue.write(piece) }
    }

    /// Hands out a piece.
    ///
    /// - Returns: whether the container has to wait.
    func add(_ piece: AttachedOutput) -> Bool {
        state.withLock { $0.queues }.map { $0.add(piece) }.contains(true)
    }

    /// Whether the container has to wait.
    var isFull: Bool { state.withLock { $0.queues }.contains { $0.isFull } }

    /// Nothing will be added.
    func end() {
        let queues = state.withLock { state in
            state.isEnded = true
            defer { state.queues = [] }
            return state.queues
        }
        for queue in queues { queue.end() }
    }
}
