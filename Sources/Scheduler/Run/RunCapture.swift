// SPDX-License-Identifier: Apache-2.0
// The output of a run: collected up to a bound, or passed on as it comes. Dispatcher feeds it.

import NIOCore
import Sandbox
import Synchronization

/// Stdout and stderr of one run.
package final class RunCapture: Sendable {
    private struct Storage: ~Copyable {
        var output = ByteBuffer()
        var errors = ByteBuffer()
        var errorBytes = 0
        var isTruncated = false
        var session: ContainerSession?
        /// Nil until the command is executed, or the run has ended without.
        var hasBegun: Bool?
        var beginWaiter: CheckedContinuation<Bool, Never>?
    }

    /// The memory that the run's answer takes; nil does not count it.
    let share: ByteBudget.Share?
    /// Nil where output is collected.
    private let queue: OutputQueue?
    private let state = Mutex(Storage())

    /// - Parameters:
    ///   - isStreamed: ``next()`` gives the output as it comes, and makes the container wait for its reader.
    ///   - share: takes the files of the answer; its maker has taken the output already.
    package init(isStreamed: Bool, share: ByteBudget.Share? = nil) {
        queue = isStreamed ? OutputQueue() : nil
        self.share = share
    }

    var isStreamed: Bool { queue != nil }

    /// Waits until the command is executed; false when the run ended before.
    ///
    /// For one caller.
    package func begun() async -> Bool {
        await withCheckedContinuation { continuation in
            let known = state.withLock { state in
                if state.hasBegun == nil { state.beginWaiter = continuation }
                return state.hasBegun
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    /// The next piece of a streamed run, nil after the last.
    package func next() async -> AttachedOutput? {
        guard let queue else { return nil }
        let piece = await queue.next()
        if !queue.isFull { state.withLock { $0.session }?.holdErrors(false) }
        return piece
    }

    /// The reader is gone.
    package func close() { queue?.close() }

    /// The container whose stderr waits for the reader.
    func begins(_ session: ContainerSession) { state.withLock { $0.session = session } }

    /// The command is executed from now on.
    func started() { begun(true) }

    private func begun(_ hasBegun: Bool) {
        let waiter = state.withLock { state in
            if state.hasBegun == nil { state.hasBegun = hasBegun }
            defer { state.beginWaiter = nil }
            return state.beginWaiter
        }
        waiter?.resume(returning: hasBegun)
    }

    /// Nothing more comes; idempotent.
    package func end() {
        begun(false)
        state.withLock { $0.session = nil }
        queue?.end()
    }

    /// Takes stdout, or what of it is within the bound.
    func output(_ bytes: ByteBuffer, isCut: Bool) async {
        if isCut { state.withLock { $0.isTruncated = true } }
        if let queue { return await queue.write(.output(bytes)) }
        state.withLock { _ = $0.output.writeImmutableBuffer(bytes) }
    }

    /// Takes stderr; called on the Sandbox room's thread.
    ///
    /// - Parameters:
    ///   - bytes: a piece.
    ///   - max: bytes that are kept of all of stderr; more is dropped, as from the log.
    func errors(_ bytes: ByteBuffer, max: Int) {
        let (kept, session) = state.withLock { state -> (ByteBuffer, ContainerSession?) in
            let room = min(max - state.errorBytes, bytes.readableBytes)
            if room < bytes.readableBytes { state.isTruncated = true }
            state.errorBytes += room
            let kept = bytes.getSlice(at: bytes.readerIndex, length: room) ?? ByteBuffer()
            if queue == nil { state.errors.writeImmutableBuffer(kept) }
            return (kept, state.session)
        }
        guard let queue, queue.add(.errors(kept)) else { return }
        session?.holdErrors(true)
        // The reader may have made room before the hold began, and does not release it then.
        if !queue.isFull { session?.holdErrors(false) }
    }

    /// What was collected.
    var collected: (output: ByteBuffer, errors: ByteBuffer, isTruncated: Bool) {
        state.withLock { ($0.output, $0.errors, $0.isTruncated) }
    }
}
