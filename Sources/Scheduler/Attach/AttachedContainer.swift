// SPDX-License-Identifier: Apache-2.0
// One container whose streams are connected to a caller. AttachedContainers makes it; Gateway transfers its bytes.

import FoundationEssentials
package import NIOCore
import Sandbox
import Synchronization

/// A running container; it ends with ``close()`` at the latest.
package final class AttachedContainer: Sendable {
    package let id: String
    /// As its caller named it.
    let image: String
    let startedAt = Date()
    /// The image's.
    let stopSignal: Int32
    let session: ContainerSession
    private let program: String
    private let onClose: @Sendable () -> Void

    private let queue = OutputQueue()

    private struct Storage: ~Copyable {
        var end: AttachEnd?
        var isWriting = false
        var isClosed = false
    }

    private let state = Mutex(Storage())

    init(
        id: String,
        image: String,
        stopSignal: Int32,
        session: ContainerSession,
        program: String,
        onClose: @escaping @Sendable () -> Void
    ) {
        self.id = id
        self.image = image
        self.stopSignal = stopSignal
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
        let piece = await queue.next()
        if !queue.isFull { session.holdErrors(false) }
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

    /// Whether its end was asked for.
    var isStopping: Bool { !session.isUndisturbed }
    /// Distinguishes it from every other container of this gateway.
    var name: String { session.containerName }
    /// What it uses now; nil once it has ended.
    func usage() async -> ContainerUsage? { await session.usage() }

    /// Ends the container and all of its processes; idempotent.
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

    private func received(_ piece: ByteBuffer) async { await queue.write(.output(piece)) }

    private func receivedErrors(_ piece: ByteBuffer) {
        guard queue.add(.errors(piece)) else { return }
        session.holdErrors(true)
        // The reader may have made room before the hold began, and does not release it then.
        if !queue.isFull { session.holdErrors(false) }
    }

    private func ended(_ end: AttachEnd) {
        state.withLock { $0.end = end }
        queue.end()
    }
}
