// SPDX-License-Identifier: Apache-2.0
// One container whose streams are connected to a caller. AttachedContainers makes it; Gateway transfers its bytes.

package import NIOCore
import Sandbox
import Synchronization

/// A running container; it ends with ``close()`` at the latest.
package final class AttachedContainer: Sendable {
    package let id: String
    private let session: ContainerSession
    private let program: String
    private let onClose: @Sendable () -> Void

    private struct Storage: ~Copyable {
        var queue = AttachQueueState()
        var reader: CheckedContinuation<AttachQueueState.Taken, Never>?
        var writer: CheckedContinuation<Void, Never>?
        var end: AttachEnd?
        var isWriting = false
        var isClosed = false
    }

    private let state = Mutex(Storage())

    init(
        id: String,
        session: ContainerSession,
        program: String,
        onClose: @escaping @Sendable () -> Void
    ) {
        self.id = id
        self.session = session
        self.program = program
        self.onClose = onClose
    }

    /// Lets PID 1 execute and starts to read its output.
    func begin(_ command: SandboxCommand, hasInput: Bool) throws(SandboxError) {
        try session.start(command) { [weak self] in self?.receivedErrors($0) }
        if !hasInput { session.closeInput() }
        Task {
            while let piece = await session.nextOutput() { await received(piece) }
            let report = await session.exit()
            _ = session.ended()
            ended(AttachEnd(ContainerEnd(report, program: program)))
        }
    }

    /// The next piece of output, nil after the last; one caller at a time.
    ///
    /// Without a reader at most ``AttachQueueState/bytesMax`` are read from the container.
    package func next() async -> AttachedOutput? {
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
        if !state.withLock({ $0.queue.isFull }) { session.holdErrors(false) }
        guard case .piece(let piece) = taken else { return nil }
        return piece
    }

    /// How it ended; known once ``next()`` has given nil.
    package var end: AttachEnd {
        state.withLock { $0.end }
            ?? AttachEnd(exitCode: ContainerEnd.platformCode, reason: "the container was abandoned")
    }

    /// Writes to its stdin, suspending while that is full.
    ///
    /// - Returns: false while another write is running.
    package func write(_ bytes: ByteBuffer) async -> Bool {
        let isMine = state.withLock { state in
            defer { state.isWriting = true }
            return !state.isWriting
        }
        guard isMine else { return false }
        // Input that a container no longer reads is not an error: its end is reported separately.
        _ = await session.write(bytes)
        state.withLock { $0.isWriting = false }
        return true
    }

    /// Ends its stdin.
    package func closeInput() { session.closeInput() }

    /// Sets the terminal's size.
    package func resize(rows: UInt16, columns: UInt16) {
        session.resizeTerminal(rows: rows, columns: columns)
    }

    /// Sends a signal to PID 1.
    package func signal(_ number: Int32) { session.signal(number) }

    /// Ends the container and all of its processes; idempotent.
    package func close() {
        let (isFirst, reader, writer) = state.withLock { state in
            let isFirst = !state.isClosed
            state.isClosed = true
            state.queue.close()
            let taken = (isFirst, state.reader, state.writer)
            state.reader = nil
            state.writer = nil
            return taken
        }
        reader?.resume(returning: .end)
        writer?.resume()
        guard isFirst else { return }
        session.kill(.cancelled)
        _ = session.ended()
        onClose()
    }

    private func received(_ piece: ByteBuffer) async {
        await withCheckedContinuation { continuation in
            let hasToWait = add(.output(piece), writer: continuation)
            if !hasToWait { continuation.resume() }
        }
    }

    private func receivedErrors(_ piece: ByteBuffer) {
        if add(.errors(piece), writer: nil) { session.holdErrors(true) }
    }

    /// Whether the container has to wait; then `writer` is kept.
    private func add(_ piece: AttachedOutput, writer: CheckedContinuation<Void, Never>?) -> Bool {
        let (hasToWait, reader, taken) = state.withLock { state in
            state.queue.add(piece)
            var taken = AttachQueueState.Taken.wait
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

    private func ended(_ end: AttachEnd) {
        let (reader, taken) = state.withLock { state in
            state.end = end
            state.queue.end()
            let reader = state.reader
            state.reader = nil
            return (reader, reader == nil ? .wait : state.queue.take())
        }
        reader?.resume(returning: taken)
    }
}
