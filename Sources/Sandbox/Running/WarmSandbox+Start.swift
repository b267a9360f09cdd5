// SPDX-License-Identifier: Apache-2.0
// From a sandbox that is ready to one that serves an invocation: start and assign, or both in one message.

import CSandbox
package import NIOCore
import Synchronization

extension WarmSandbox {
    /// Starts PID 1 and assigns it to an invocation, as soon as its set-up is over; one send that never blocks.
    ///
    /// Its output is not watched from the start: a short function's is read once, when it has ended, which saves
    /// both threads most of their work. A caller that needs output at once passes a limit of 0.
    ///
    /// - Parameters:
    ///   - command: what PID 1 executes.
    ///   - preparesNext: the slot makes its next sandbox as soon as this one has ended, which spares it a wake-up;
    ///     ``Slot/makeSandbox(then:)`` hands it out.
    ///   - onStandardError: called on the room's own thread with each piece of stderr; must not block.
    /// - Throws: ``SandboxError`` when the slot or the sandbox is gone or the command too large.
    package func release(
        _ command: SandboxCommand,
        preparesNext: Bool = false,
        onStandardError: @escaping @Sendable (ByteBuffer) -> Void
    ) throws(SandboxError) {
        let refusal = state.withLock { state -> SandboxUse.Refusal? in
            if isCopy { return .outOfOrder }
            if let refusal = state.use.release(at: monotonicNanoseconds()) { return refusal }
            state.onUnused = nil
            state.onStandardError = onStandardError
            state.isRunning = true
            return nil
        }
        if let refusal { throw Self.error(refusal) }
        Reactor.shared.callLater(self)
        do throws(SandboxError) { try slot.sendRelease(command, preparesNext: preparesNext) } catch {
            endRunning()
            throw error
        }
    }

    /// Starts PID 1 before its invocation is known: one send that never blocks.
    ///
    /// ``assign(preparesNext:)`` follows. What it writes meanwhile is read as it comes: stdout up to
    /// ``OutputState/bufferedBytesMax`` bytes. If it ends before it is assigned, ``whenUnused(_:)`` reports that.
    /// A copy of a template runs already: nothing is sent.
    ///
    /// - Parameters:
    ///   - command: what PID 1 executes; a copy has the template's.
    ///   - onStandardError: called on the room's own thread with each piece of stderr; must not block.
    /// - Throws: ``SandboxError`` when the slot or the sandbox is gone, the command too large, or it was started
    ///   before.
    package func start(
        _ command: SandboxCommand,
        onStandardError: @escaping @Sendable (ByteBuffer) -> Void
    ) throws(SandboxError) {
        let refusal = state.withLock { state -> SandboxUse.Refusal? in
            if let refusal = state.use.start(at: monotonicNanoseconds()) { return refusal }
            state.onStandardError = onStandardError
            return nil
        }
        if let refusal { throw Self.error(refusal) }
        if !isCopy { try slot.sendRelease(command, preparesNext: false) }
        watchOutput()
    }

    /// Makes the program that ``start(_:onStandardError:)`` started an invocation's; one send that never blocks.
    ///
    /// The times of the exit report count from here on, processor time from the first assignment; the slot reads that
    /// in ticks of the kernel (10 ms).
    ///
    /// - Parameter preparesNext: the slot makes its next sandbox as soon as this one has ended.
    /// - Throws: ``SandboxError`` when the program has ended, was not started, or is assigned already.
    package func assign(preparesNext: Bool = false) throws(SandboxError) {
        let (refusal, isReported) = state.withLock { state -> (SandboxUse.Refusal?, Bool) in
            if let refusal = state.use.assign(at: monotonicNanoseconds()) { return (refusal, false) }
            state.output.assigned()
            state.onUnused = nil
            return (nil, state.use.reportsAssignment(preparesNext: preparesNext))
        }
        if let refusal { throw Self.error(refusal) }
        guard isReported else { return }
        slot.send(CSANDBOX_ASSIGN, value: preparesNext ? 1 : 0, sandbox: number)
    }

    /// Ends an invocation whose program runs on: ``exit()`` reports ``ExitReport/Ending/returned``, and
    /// ``assign(preparesNext:)`` may follow again.
    ///
    /// No effect when it has ended: then ``exit()`` reports that.
    package func unassign() {
        state.withLock { state in
            state.use.unassign(at: monotonicNanoseconds()) ? state.output.returned() : .none
        }.resume()
    }

    /// Calls `action` once when it ends before an invocation is assigned to it, with the reason; at once when it has
    /// already.
    ///
    /// Called on the room's own thread or the caller's: must not block.
    package func whenUnused(_ action: @escaping @Sendable (String) -> Void) {
        let reason = state.withLock { state -> String? in
            if state.use.isUnassigned { state.onUnused = action }
            return state.use.unusedReason
        }
        if let reason { action(reason) }
    }

    private static func error(_ refusal: SandboxUse.Refusal) -> SandboxError {
        switch refusal {
        case .ended(let reason): .gone("the sandbox (\(reason))")
        case .outOfOrder: .unsupported("two invocations in one sandbox, or one that was not started")
        }
    }
}
