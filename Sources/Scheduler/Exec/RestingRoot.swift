// SPDX-License-Identifier: Apache-2.0
// The sandbox through which files of a container that rests are copied. ContainerFiles owns it.

import ImageStore
import Sandbox
import Synchronization

/// Ends its sandbox with ``end()``, or with its last reference.
final class RestingRoot: Sendable {
    private let session: ContainerSession
    private let hold: BlobLease
    private let onEnd: @Sendable () -> Void
    private let isEnded = Mutex(false)

    init(_ session: ContainerSession, _ hold: BlobLease, _ onEnd: @escaping @Sendable () -> Void) {
        self.session = session
        self.hold = hold
        self.onEnd = onEnd
    }

    deinit {
        guard claimEnd() else { return }
        // The layer is another sandbox's only when this one is gone.
        Task { [session, hold, onEnd] in await Self.end(session, hold, onEnd) }
    }

    /// Kills the sandbox and waits until it is gone; idempotent.
    func end() async {
        guard claimEnd() else { return }
        await Self.end(session, hold, onEnd)
    }

    private func claimEnd() -> Bool {
        isEnded.withLock { isEnded in
            defer { isEnded = true }
            return !isEnded
        }
    }

    private static func end(
        _ session: ContainerSession,
        _ hold: BlobLease,
        _ onEnd: @Sendable () -> Void
    ) async {
        session.kill(.cancelled)
        // Bounded by the room below, which gives up a slot that does not answer.
        _ = await session.exit()
        _ = session.ended()
        withExtendedLifetime(hold) {}
        onEnd()
    }
}
