// SPDX-License-Identifier: Apache-2.0
// Another process in a running sandbox, seen from the gateway: its way in, and what is different about its streams
// and its end.

import CSandbox
import Glibc
package import NIOCore
import Synchronization

extension WarmSandbox {
    /// What a process that enters has unless it is told otherwise.
    package var defaults: ProcessDefaults { slot.defaults }

    /// Lets another process enter the sandbox, with streams, signals and an end of its own.
    ///
    /// It has the namespaces, cgroup, filter and limits of the sandbox, and ends with it. Its output is read as it
    /// comes. Whether its program could be executed shows at its end.
    ///
    /// - Parameters:
    ///   - plan: what it is.
    ///   - onStandardError: called on the room's own thread with each piece of stderr; must not block.
    /// - Returns: the process, which runs or begins to.
    /// - Throws: ``SandboxError``: `gone` when the sandbox has ended, `notYet` before its program was executed,
    ///   `exhausted` at a bound, `commandTooLarge`, `setup` with step and errno.
    package func enter(
        _ plan: ProcessPlan,
        onStandardError: @escaping @Sendable (ByteBuffer) -> Void
    ) async throws(SandboxError) -> any SandboxHandle {
        guard !state.withLock({ $0.use.isEnded }) else { throw .gone("the container") }
        return try await slot.enter(plan, sandbox: number, onStandardError: onStandardError)
    }

    /// Suspends until a process that entered has executed its program, or has ended.
    ///
    /// - Returns: how it ended; nil when it has not.
    package func executed() async -> ExitReport? {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                guard state.isExecutionAwaited else { return true }
                state.executionWaiters.append(continuation)
                return false
            }
            if isOver { continuation.resume() }
        }
        return state.withLock { $0.output.report }
    }

    /// Begins to read its streams; once, before anything else.
    func follow(_ onStandardError: @escaping @Sendable (ByteBuffer) -> Void) {
        state.withLock { state in
            state.onStandardError = onStandardError
            state.execution?.watch(.control, readiness: readable, self)
        }
        watchOutput()
    }

    /// It has executed, or failed to.
    func executionReady() {
        if let failure = readExecutionFailure() {
            _ = enteredNumber.flatMap(slot.takeEntered)
            exited(ExitReport(failure))
        }
        endExecutionWait()
    }

    /// The slot's process has reaped it.
    ///
    /// What is in the pipe counts first: it was written before.
    func enteredExited(_ report: ExitReport) {
        exited(readExecutionFailure().map { ExitReport($0) } ?? report)
        endExecutionWait()
    }

    /// Reads what the pipe contains and closes it; nil when the process has executed, and after the first call.
    private func readExecutionFailure() -> csandbox_enter_failure? {
        state.withLock { state in
            var failure = csandbox_enter_failure()
            var size = 0
            if let descriptor = state.execution?.descriptor {
                size = withUnsafeMutableBytes(of: &failure) { read(descriptor, $0.baseAddress, $0.count) }
            }
            state.execution?.close()
            return size == MemoryLayout<csandbox_enter_failure>.size ? failure : nil
        }
    }

    /// Resumes the callers of ``executed()``; only after a failure was recorded, which they read.
    private func endExecutionWait() {
        let waiters = state.withLock { state in
            state.isExecutionAwaited = false
            defer { state.executionWaiters = [] }
            return state.executionWaiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
