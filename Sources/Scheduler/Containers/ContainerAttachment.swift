// SPDX-License-Identifier: Apache-2.0
// A caller whose terminal is connected to a container's streams. Container makes it; Gateway transfers its bytes.

package import NIOCore
import Sandbox
import Synchronization

/// One caller at a container's streams.
package final class ContainerAttachment: Sendable {
    package let container: Container
    private let outputs: ContainerOutputs
    private let queue: OutputQueue

    fileprivate init(_ container: Container, _ outputs: ContainerOutputs) {
        self.container = container
        self.outputs = outputs
        queue = outputs.add()
    }

    deinit { close() }

    /// The next piece of output, nil after the last; one caller at a time.
    package func next() async -> AttachedOutput? {
        let piece = await queue.next()
        if !outputs.isFull { container.session?.holdErrors(false) }
        return piece
    }

    /// How the run ended; known once ``next()`` has given nil.
    package var end: ContainerEndReport {
        container.storage.withLock { $0.lastEnd }
            ?? ContainerEndReport(exitCode: 125, reason: "the container was abandoned")
    }

    /// Takes the caller away; the container goes on.
    ///
    /// Idempotent.
    package func close() {
        outputs.remove(queue)
        if !outputs.isFull { container.session?.holdErrors(false) }
    }
}

extension Container {
    /// Connects a caller to the present run, or to the next one.
    package func attach() -> ContainerAttachment {
        ContainerAttachment(self, storage.withLock { $0.outputs })
    }

    /// Writes to its stdin, suspending while that is full.
    ///
    /// - Returns: false while another write is running.
    package func write(_ bytes: ByteBuffer) async -> Bool {
        let (isMine, session) = storage.withLock { storage in
            defer { storage.isWriting = true }
            return (!storage.isWriting, storage.session)
        }
        guard isMine else { return false }
        // Input that a container no longer reads is not an error: its end is reported separately.
        _ = await session?.write(bytes)
        storage.withLock { $0.isWriting = false }
        return true
    }

    /// A caller goes and leaves it running: what should have ended with that caller's connection does not.
    package func detach() { storage.withLock { $0.isDetached = true } }

    /// Whether a caller has left it running.
    package var isDetached: Bool { storage.withLock { $0.isDetached } }

    /// Ends its stdin.
    package func closeInput() { session?.closeInput() }

    /// Sets the terminal's size.
    package func resize(rows: UInt16, columns: UInt16) {
        session?.resizeTerminal(rows: rows, columns: columns)
    }
}
