// SPDX-License-Identifier: Apache-2.0
// The stdout and stderr side of a sandbox: read by the reactor's thread, or by the first caller.

import CSandbox
import Glibc
import NIOCore
import Synchronization

extension WarmSandbox: ReactorSource {
    /// Bytes taken from a pipe at once: a pipe's default capacity.
    private static let readBytes = 64 * 1024

    func ready(_ role: ReactorRole, readiness: UInt32) {
        switch role {
        case .standardInput: inputReady()
        case .standardOutput:
            state.withLock { state in readOutput(&state) }.resume()
        case .standardError: drainError()
        case .later: watchOutput()
        case .control: executionReady()
        }
    }

    /// It runs for longer than most: from now on its output is read as it comes.
    func watchOutput() {
        state.withLock { state in
            guard !state.use.isEnded else { return OutputReaders.Wake.none }
            state.isWatching = true
            state.standardError.resume(.standardError, readiness: readable, self)
            return readOutput(&state)
        }.resume()
    }

    /// As the slot process reports it.
    func exited(_ message: csandbox_exit) {
        exited(ExitReport(message, countingFrom: state.withLock { $0.use.countsFrom }))
    }

    /// PID 1 is reaped: what it and its children wrote is all in the pipes now.
    func exited(_ report: ExitReport) {
        endRunning()
        state.withLock { $0.isErrorHeld = false }
        drainError()
        let wakes = state.withLock { state in
            let unused = state.endUnused(report.ending)
            state.isWatching = true
            state.input.close()
            state.standardError.close()
            // It holds its owner, which holds this sandbox.
            state.onStandardError = nil
            let input = state.inputWaiter
            state.inputWaiter = nil
            let first = state.output.exited(report)
            let second = readOutput(&state)
            return (input, first, second, state.output.exitWake(), unused)
        }
        wakes.0?.resume()
        wakes.1.resume()
        wakes.2.resume()
        wakes.3.resume()
        if let (action, reason) = wakes.4 { action(reason) }
    }

    /// Reads while it is wanted and there; pauses or ends the watch accordingly.
    func readOutput(_ state: inout Storage) -> OutputReaders.Wake {
        var wake = OutputReaders.Wake.none
        while case .none = wake {
            guard let descriptor = state.standardOutput.descriptor else { return wake }
            guard state.output.wantsMore else {
                state.standardOutput.pause()
                return wake
            }
            switch Self.read(descriptor) {
            case .bytes(let bytes): wake = state.output.received(bytes)
            case .end:
                state.standardOutput.close()
                return state.output.received(nil)
            case .nothing:
                // What others of the container hold open is not waited for: the process itself has ended.
                if enteredNumber != nil, state.use.isEnded {
                    state.standardOutput.close()
                    return state.output.received(nil)
                }
                state.standardOutput.resume(.standardOutput, readiness: readable, self)
                return wake
            }
        }
        return wake
    }

    private func drainError() {
        while true {
            let (bytes, action) = state.withLock {
                state -> (ByteBuffer?, (@Sendable (ByteBuffer) -> Void)?) in
                guard !state.isErrorHeld, let descriptor = state.standardError.descriptor else {
                    return (nil, nil)
                }
                switch Self.read(descriptor) {
                case .bytes(let bytes): return (bytes, state.onStandardError)
                case .nothing: return (nil, nil)
                case .end:
                    state.standardError.close()
                    return (nil, nil)
                }
            }
            guard let bytes else { return }
            action?(bytes)
        }
    }

    private enum ReadResult {
        case bytes(ByteBuffer)
        case nothing
        case end
    }

    private static func read(_ descriptor: Int32) -> ReadResult {
        withUnsafeTemporaryAllocation(byteCount: readBytes, alignment: 1) { space in
            while true {
                let size = Glibc.read(descriptor, space.baseAddress, space.count)
                if size > 0 {
                    return .bytes(ByteBuffer(bytes: UnsafeRawBufferPointer(rebasing: space[..<size])))
                }
                if size == 0 { return .end }
                if errno == EAGAIN { return .nothing }
                // Any other error means that nothing more will come, as at the end.
                if errno != EINTR { return .end }
            }
        }
    }
}

extension WarmSandbox.Storage {
    /// The sandbox ended: the callback for an end before assignment, and its argument.
    mutating func endUnused(_ ending: ExitReport.Ending) -> ((@Sendable (String) -> Void), String)? {
        guard let reason = use.end(ending) else { return nil }
        defer { onUnused = nil }
        return onUnused.map { ($0, reason) }
    }
}

/// CLOCK_MONOTONIC, the clock that the helper stamps with.
func monotonicNanoseconds() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
}
