// SPDX-License-Identifier: Apache-2.0
// One container, on its way to `execve`, and then the invocation that runs in it. Driven by Scheduler and the reactor.

import CSandbox
import Glibc
package import NIOCore
import Synchronization

/// One container, used for one invocation.
///
/// Order: ``release(_:onStandardError:)`` once; ``write(_:)`` and ``closeInput()`` for stdin; ``collect(upTo:)``, and
/// after an `.open` answer ``nextOutput()`` until nil; then ``exit()``. One reader at a time;
/// ``exit()`` may wait beside it.
package final class WarmSandbox: Sendable {
    /// What ``collect(upTo:)`` found.
    package enum Collected: Sendable {
        /// PID 1 has exited and this was all of stdout.
        case complete(ByteBuffer, ExitReport)
        /// More than the limit came: the rest through ``nextOutput()``.
        case open(ByteBuffer)
    }

    struct State: ~Copyable {
        var output = OutputState()
        var input: Pipe
        var standardOutput: Pipe
        var standardError: Pipe
        var inputWaiter: CheckedContinuation<Void, Never>?
        var onStandardError: (@Sendable (ByteBuffer) -> Void)?
        /// Until it is released.
        var onUnused: (@Sendable (String) -> Void)?
        /// Why it ended, when it was not released before.
        var unusedEnd: String?
        /// Nothing is read from stderr: a slow reader slows the function.
        var isErrorHeld = false
        var isExited = false
        /// Why it ended before its release could reach it; nil when it did not.
        var notStarted: String?
        /// Whether the output pipes are watched by now; see ``WarmSandbox/release(_:onStandardError:)``.
        var isWatching = false
        var releasedAt: Int64 = 0
        /// Released, and the reactor was not yet told that it is over.
        var isRunning = false
    }

    let slot: Slot
    /// Tells it from those before and after it in its slot.
    private let number: UInt32
    let state: Mutex<State>

    init(slot: Slot, number: UInt32, input: Int32, output: Int32, error: Int32) {
        self.slot = slot
        self.number = number
        state = Mutex(
            State(input: Pipe(input), standardOutput: Pipe(output), standardError: Pipe(error))
        )
    }

    /// Lets PID 1 execute, as soon as its set-up is over; one send that never blocks.
    ///
    /// Its output is not watched from the start: a short function's is read once, when it has ended, which saves
    /// both threads most of their work. Whoever wants it at once asks with a limit of 0.
    ///
    /// - Parameters:
    ///   - command: what PID 1 executes.
    ///   - isFollowed: the slot makes its next sandbox as soon as this one has ended, which spares it a wake-up;
    ///     ``Slot/makeSandbox(then:)`` hands it out.
    ///   - onStandardError: called on the room's own thread with each piece of stderr; must not block.
    /// - Throws: ``SandboxError`` when the slot or the sandbox is gone or the command too large.
    package func release(
        _ command: SandboxCommand,
        isFollowed: Bool = false,
        onStandardError: @escaping @Sendable (ByteBuffer) -> Void
    ) throws(SandboxError) {
        let notStarted = state.withLock { state -> String? in
            guard !state.isExited else { return state.notStarted ?? "its slot" }
            state.releasedAt = monotonicNanoseconds()
            state.onUnused = nil
            state.onStandardError = onStandardError
            state.isRunning = true
            return nil
        }
        if let notStarted { throw .gone("the sandbox (\(notStarted))") }
        Reactor.shared.callLater(self)
        do throws(SandboxError) { try slot.sendRelease(command, isFollowed: isFollowed) } catch {
            endRunning()
            throw error
        }
    }

    /// Calls `action` once when it ends without having been released, with the reason; at once when it has already.
    ///
    /// Called on the room's own thread or the caller's: must not block.
    package func whenUnused(_ action: @escaping @Sendable (String) -> Void) {
        let reason = state.withLock { state -> String? in
            guard state.releasedAt == 0 else { return nil }
            if let reason = state.unusedEnd { return reason }
            state.onUnused = action
            return nil
        }
        if let reason { action(reason) }
    }

    deinit { endRunning() }

    /// Tells the reactor once that it runs no more.
    func endRunning() {
        let wasRunning = state.withLock { state in
            defer { state.isRunning = false }
            return state.isRunning
        }
        if wasRunning { Reactor.shared.callLaterEnded() }
    }

    /// Suspends until exit, or until more than `limit` bytes of stdout are here.
    package func collect(upTo limit: Int) async -> Collected {
        await withCheckedContinuation { continuation in
            wait(.collect(limit: limit, continuation), watching: limit == 0)
        }
    }

    /// The next piece of stdout, nil at its end; nothing is read while nobody asks.
    package func nextOutput() async -> ByteBuffer? {
        await withCheckedContinuation { continuation in wait(.piece(continuation), watching: true) }
    }

    /// Suspends until PID 1 has exited and was reaped; others may read its output meanwhile.
    package func exit() async -> ExitReport {
        await withCheckedContinuation { continuation in
            state.withLock { $0.output.waitForExit(continuation) }.resume()
        }
    }

    /// Sends a signal to PID 1 (for example SIGTERM); no effect after exit.
    package func signal(_ signal: Int32) {
        guard !state.withLock({ $0.isExited }) else { return }
        if signal == SIGKILL { slot.sandboxKilled() }
        slot.send(CSANDBOX_SIGNAL, value: signal, sandbox: number)
    }

    /// SIGKILL to PID 1: everything in the PID namespace dies with it; also discards an unreleased sandbox,
    /// and its slot with it.
    package func kill() { signal(SIGKILL) }

    /// Tells the terminal's size; no effect without a terminal or after exit.
    package func resizeTerminal(rows: UInt16, columns: UInt16) {
        state.withLock { state in
            guard let descriptor = state.standardOutput.descriptor else { return }
            var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
            // A pipe refuses it, which is no effect.
            _ = ioctl(descriptor, UInt(TIOCSWINSZ), &size)
        }
    }

    /// Stops or goes on reading stderr; at the end whatever is left is read in any case.
    package func holdErrors(_ isHeld: Bool) {
        state.withLock { state in
            state.isErrorHeld = isHeld
            if isHeld {
                state.standardError.pause()
            } else {
                state.standardError.resume(.standardError, readiness: readable, self)
            }
        }
    }

    private func wait(_ waiter: OutputState.Waiter, watching: Bool) {
        // Answered from what is here, or by what the pipe holds now; never both, since there is one waiter.
        let (first, second) = state.withLock { state in
            let first = state.output.wait(waiter)
            if watching { state.isWatching = true }
            return (first, state.isWatching ? readOutput(&state) : .none)
        }
        first.resume()
        second.resume()
    }
}
