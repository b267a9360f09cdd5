// SPDX-License-Identifier: Apache-2.0
// The output of one container on its way to one caller, who may read slowly. Containers and runs whose output
// is streamed use it.

import NIOCore
import Synchronization

/// Carries pieces from a container to its caller; a full queue makes the container wait.
final class OutputQueue: Sendable {
    private struct Storage: ~Copyable {
        var queue = OutputQueueState()
        var reader: CheckedContinuation<OutputQueueState.Taken, Never>?
        var writer: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(Storage())

    /// Whether the container has to wait.
    var isFull: Bool { state.withLock { $0.queue.isFull } }

    /// The next piece, nil after the last; one caller at a time.
    func next() async -> AttachedOutput? {
        let taken = await withCheckedContinuation { continuation in
            let (taken, writer) = state.withLock { state in
                let taken = state.queue.take()
                if case .wait = taken { state.reader = continuation }
                let writer = state.queue.isFull ? nil : state.writer
                if writer != nil { state.writer = nil }
                return (taken, writer)
            }
            writer?.resume()
            if case .wait = taken { return }
            continuation.resume(returning: taken)
        }
        guard case .piece(let piece) = taken else { return nil }
        return piece
    }

    /// Adds a piece and suspends while the queue is full; one caller at a time.
    func write(_ piece: AttachedOutput) async {
        await withCheckedContinuation { continuation in
            if !add(piece, writer: continuation) { continuation.resume() }
        }
    }

    /// Adds a piece.
    ///
    /// - Returns: whether the queue is full now.
    func add(_ piece: AttachedOutput) -> Bool { add(piece, writer: nil) }

    /// Nothing will be added.
    func end() {
        let (reader, taken) = state.withLock { state in
            state.queue.end()
            let reader = state.reader
            state.reader = nil
            return (reader, reader == nil ? .wait : state.queue.take())
        }
        reader?.resume(returning: taken)
    }

    /// The caller is gone: output is dropped from now on; idempotent.
    func close() {
        let (reader, writer) = state.withLock { state in
            state.queue.close()
            let taken = (state.reader, state.writer)
            state.reader = nil
            state.writer = nil
            return taken
        }
        reader?.resume(returning: .end)
        writer?.resume()
    }

    /// Whether the container has to wait; then `writer` is kept.
    private func add(_ piece: AttachedOutput, writer: CheckedContinuation<Void, Never>?) -> Bool {
        let (hasToWait, reader, taken) = state.withLock { state in
            state.queue.add(piece)
            var taken = OutputQueueState.Taken.wait
            let reader = state.reader
            if reader != nil {
                state.reader = nil
                taken = state.queue.take()
            }
            let hasToWait = state.queue.isFull
            if hasToWait, let writer { state.writer = writer }
            return (hasToWait, reader, taken)
        }
        reader?.resume(returning: taken)
        return hasToWait
    }
}
