// SPDX-License-Identifier: Apache-2.0
// The reusable part of a container, and the sandboxes made in it.

package import NIOCore

/// One slot: cgroups, network and user namespace, mount template. Holds at most one sandbox at a time.
package final class Slot: Sendable, Identifiable {
    package let id: UInt32

    init(id: UInt32) { self.id = id }

    /// Makes a sandbox that is complete up to `execve`. Call again only after the last one has exited.
    package func makeSandbox() async throws(SandboxError) -> WarmSandbox { throw .unsupported("sandbox") }

    /// Kills what runs in it and gives everything back. Does not wait; idempotent.
    package func retire() {}
}

/// One container, blocked before `execve`; used for one invocation.
///
/// Order: ``release(_:onStandardError:)`` once, ``write(_:)`` and ``closeInput()`` for stdin, then
/// ``collect(upTo:)``, and after an `.open` answer ``nextOutput()`` until nil, then ``exit()``.
package final class WarmSandbox: Sendable {
    /// Lets PID 1 execute. One send; never blocks.
    ///
    /// - Parameters:
    ///   - command: what PID 1 executes.
    ///   - onStandardError: called on the room's own thread with each piece of stderr; must not block.
    /// - Throws: ``SandboxError`` when the slot is gone or the command too large.
    package func release(
        _ command: SandboxCommand,
        onStandardError: @escaping @Sendable (ByteBuffer) -> Void
    ) throws(SandboxError) {
        throw .unsupported("release")
    }

    /// Writes to stdin, suspending while the pipe is full. Returns false when the function closed its end.
    package func write(_ bytes: ByteBuffer) async -> Bool { false }

    /// Ends stdin. Idempotent.
    package func closeInput() {}

    /// What ``collect(upTo:)`` found.
    package enum Collected: Sendable {
        /// PID 1 has exited and this was all of stdout.
        case complete(ByteBuffer, ExitReport)
        /// More than the limit came, or (with limit 0) the first byte: the rest through ``nextOutput()``.
        case open(ByteBuffer)
    }

    /// Suspends until exit, or until more than `limit` bytes of stdout are here.
    package func collect(upTo limit: Int) async -> Collected { .open(ByteBuffer()) }

    /// The next piece of stdout, nil at its end. Backpressure: nothing is read while nobody asks.
    package func nextOutput() async -> ByteBuffer? { nil }

    /// Suspends until PID 1 has exited and was reaped.
    package func exit() async -> ExitReport { ExitReport(ending: .lost(reason: "not started")) }

    /// Sends a signal to PID 1 (for example SIGTERM). No effect after exit.
    package func signal(_ number: Int32) {}

    /// SIGKILL to PID 1: everything in the PID namespace dies with it. Also discards an unreleased sandbox.
    package func kill() {}
}
