// SPDX-License-Identifier: Apache-2.0
// Carries the stderr of a process that entered a container to its caller. EnteredProcesses makes one per process.

import NIOCore
import Sandbox
import Synchronization

/// Takes stderr from the moment when the process is there, which is before its session is.
final class ErrorRelay: Sendable {
    /// The sandbox keeps the relay: it must not keep the sandbox.
    private struct Target { weak var session: ContainerSession? }

    private let queue: OutputQueue
    private let target = Mutex(Target())

    init(_ queue: OutputQueue) { self.queue = queue }

    /// The session whose stderr it is.
    func connect(_ session: ContainerSession) {
        target.withLock { $0.session = session }
        if queue.isFull { hold(session) }
    }

    /// One piece; a full queue makes the process wait.
    func received(_ piece: ByteBuffer) {
        guard queue.add(.errors(piece)), let session = target.withLock({ $0.session }) else { return }
        hold(session)
    }

    private func hold(_ session: ContainerSession) {
        session.holdErrors(true)
        // The reader may have made room before the hold began, and does not release it then.
        if !queue.isFull { session.holdErrors(false) }
    }
}
