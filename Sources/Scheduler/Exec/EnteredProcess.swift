// SPDX-License-Identifier: Apache-2.0
// One process that entered a container, its streams connected to a caller. EnteredProcesses makes it; Gateway
// transfers its bytes.

package import NIOCore
import Sandbox
import Synchronization

/// A process that runs; it ends with ``close()`` at the latest.
package final class EnteredProcess: Sendable {
    /// Names it in the paths for input, size and signals.
    package let id: String
    let session: ContainerSession
    private let program: String
    private let onClose: @Sendable () -> Void
    private let queue: OutputQueue

    private struct Storage: ~Copyable {
        var end: ContainerEndReport?
        var isWriting = false
        var isClosed = false
        /// Its caller has asked to leave it running, and has gone.
        var isDetached = false
        var isLeft = false
    }

    private let state = Mutex(Storage())

    init(
        id: String,
        session: ContainerSession,
        program: String,
        queue: OutputQueue,
        onClose: @escaping @Sendable () -> Void
    ) {
        self.id = id
        self.session = session
        self.program = program
        self.queue = queue
        self.onClose = onClose
    }

    /// Starts to read its output.
    func follow(hasInput: Bool) {
        if !hasInput { session.closeInput() }
        Task {
            while let piece = await session.nextOutput() { await queue.write(.output(piece)) }
            let report = await session.exit()
            _ = session.ended()
            ended(ContainerEndReport(ContainerEnd(report, program: program), isEntered: true))
        }
    }

    /// The next piece of output, nil after the last; one caller at a time.
    ///
    /// Without a reader at most ``OutputQueueState/bytesMax`` are read from the process.
    package func next() async -> AttachedOutput? {
        let piece = await queue.next()
        if !queue.isFull { session.holdErrors(false) }
        return piece
    }

    /// How it ended; known once ``next()`` has given nil.
    package var end: ContainerEndReport {
        knownEnd
            ?? ContainerEndReport(exitCode: ContainerEnd.platformCode, reason: "the process was abandoned")
    }

    /// How it ended; nil while that is not known.
    package var knownEnd: ContainerEndReport? { state.withLock { $0.end } }

    /// Writes to its stdin, suspending while that is full.
    ///
    /// - Returns: false while another write is running.
    package func write(_ bytes: ByteBuffer) async -> Bool {
        let isMine = state.withLock { state in
            defer { state.isWriting = true }
            return !state.isWriting
        }
        guard isMine else { return false }
        // Input that a process no longer reads is not an error: its end is reported separately.
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

    /// Sends it a signal.
    package func signal(_ number: Int32) { session.signal(number) }

    /// Its caller will leave it running.
    package func detach() { state.withLock { $0.isDetached = true } }

    /// Its caller is gone: it ends, unless it was detached; its output is discarded then; idempotent.
    package func leave() {
        let runsOn = state.withLock { state in
            state.isLeft = true
            return state.isDetached && state.end == nil
        }
        guard runsOn else { return close() }
        queue.close()
        session.holdErrors(false)
    }

    /// Kills it; idempotent.
    package func close() {
        let isFirst = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        queue.close()
        guard isFirst else { return }
        session.kill(.cancelled)
        _ = session.ended()
        onClose()
    }

    private func ended(_ end: ContainerEndReport) {
        let isLeft = state.withLock { state in
            state.end = end
            return state.isDetached && state.isLeft
        }
        queue.end()
        if isLeft { close() }
    }
}
