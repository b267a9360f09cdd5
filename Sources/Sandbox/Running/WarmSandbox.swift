// SPDX-License-Identifier: Apache-2.0
// One container until `execve`, and then the invocation that runs in it. Driven by Scheduler and the
// reactor.

import CSandbox
import Glibc
package import NIOCore
import Synchronization

/// One container, used for one invocation, or by ``unassign()`` for several that follow one another.
///
/// Order: ``release(_:onStandardError:)`` once, or ``start(_:onStandardError:)`` and later ``assign(preparesNext:)``;
/// ``write(_:)`` and ``closeInput()`` for stdin; ``collect(upTo:)``, and after an `.open` answer ``nextOutput()``
/// until nil; then ``exit()``. One reader at a time; ``exit()`` may wait beside it, also several times.
///
/// The same type drives a process that entered the container later (``enter(_:onStandardError:)``): it runs already,
/// its streams are read from the start, and its end is not the container's.
package final class WarmSandbox: Sendable {
    /// What ``collect(upTo:)`` found.
    package enum Collected: Hashable, Sendable {
        /// PID 1 has exited and this was all of stdout.
        case complete(ByteBuffer, ExitReport)
        /// More than the limit came: the rest through ``nextOutput()``.
        case open(ByteBuffer)
    }

    struct Storage: ~Copyable {
        var output = OutputReaders()
        var input: Pipe
        var standardOutput: Pipe
        var standardError: Pipe
        var inputWaiter: CheckedContinuation<Void, Never>?
        var onStandardError: (@Sendable (ByteBuffer) -> Void)?
        /// Until it is assigned.
        var onUnused: (@Sendable (String) -> Void)?
        /// Nothing is read from stderr: a slow reader slows the function.
        var isErrorHeld = false
        var use = SandboxUse()
        /// Whether the output pipes are watched by now; see ``WarmSandbox/release(_:preparesNext:onStandardError:)``.
        var isWatching = false
        /// Released, and its end was not yet reported to the reactor.
        var isRunning = false
        /// Of a process that entered: ends when it has executed, or else contains the failure.
        var execution: Pipe?
        /// Until it is known whether the process has executed, and a failure is recorded.
        var isExecutionAwaited = false
        var executionWaiters: [CheckedContinuation<Void, Never>] = []
    }

    let slot: Slot
    /// Distinguishes it from earlier and later sandboxes of its slot.
    let number: UInt32
    /// Of a process that entered the sandbox; nil for PID 1.
    let enteredNumber: UInt32?
    /// Whether it is a copy of its slot's template, whose program runs already.
    package let isCopy: Bool
    let state: Mutex<Storage>

    init(slot: Slot, number: UInt32, input: Int32, output: Int32, error: Int32, isCopy: Bool = false) {
        self.slot = slot
        self.number = number
        self.isCopy = isCopy
        enteredNumber = nil
        state = Mutex(
            Storage(input: Pipe(input), standardOutput: Pipe(output), standardError: Pipe(error))
        )
    }

    /// A process that entered; `descriptors` are those of stdio, and the pipe of its execution.
    init(slot: Slot, sandbox: UInt32, entered: UInt32, descriptors: [Int32]) {
        self.slot = slot
        number = sandbox
        enteredNumber = entered
        isCopy = false
        var storage = Storage(
            input: Pipe(descriptors[0]),
            standardOutput: Pipe(descriptors[1]),
            standardError: Pipe(descriptors[2])
        )
        storage.execution = Pipe(descriptors[3])
        storage.isExecutionAwaited = true
        _ = storage.use.release(at: monotonicNanoseconds())
        state = Mutex(storage)
    }

    deinit { endRunning() }

    /// Reports its end to the reactor, once.
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

    /// The next piece of stdout, nil at its end; nothing is read without a call.
    package func nextOutput() async -> ByteBuffer? {
        await withCheckedContinuation { continuation in wait(.piece(continuation), watching: true) }
    }

    /// Suspends until PID 1 has exited and was reaped, or was unassigned; others may read its output meanwhile.
    package func exit() async -> ExitReport {
        await withCheckedContinuation { continuation in
            state.withLock { $0.output.waitForExit(continuation) }.resume()
        }
    }

    /// Sends a signal to PID 1, or to the process that entered (for example SIGTERM); no effect after exit.
    package func signal(_ signal: Int32) {
        guard !state.withLock({ $0.use.isEnded }) else { return }
        if let enteredNumber {
            return slot.sendNow(CSANDBOX_ENTERED_SIGNAL, value: signal, sandbox: enteredNumber)
        }
        if signal == SIGKILL { slot.sandboxKilled() }
        slot.send(CSANDBOX_SIGNAL, value: signal, sandbox: number)
    }

    /// SIGKILL to PID 1, which ends all processes of the PID namespace; also discards an unreleased sandbox,
    /// and its slot with it.
    package func kill() { signal(SIGKILL) }

    /// Sets the terminal's size; no effect without a terminal or after exit.
    package func resizeTerminal(rows: UInt16, columns: UInt16) {
        state.withLock { state in
            guard let descriptor = state.standardOutput.descriptor else { return }
            var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
            // A pipe refuses it, which is no effect.
            _ = ioctl(descriptor, UInt(TIOCSWINSZ), &size)
        }
    }

    /// Stops or continues reading stderr; at the end the remainder is read in any case.
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

    private func wait(_ reader: OutputReaders.Reader, watching: Bool) {
        // Answered from what is here, or by what the pipe holds now; never both, since there is one reader.
        let (first, second) = state.withLock { state in
            let first = state.output.wait(reader)
            if watching { state.isWatching = true }
            return (first, state.isWatching ? readOutput(&state) : .none)
        }
        first.resume()
        second.resume()
    }
}
