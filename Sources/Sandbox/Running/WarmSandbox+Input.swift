// SPDX-License-Identifier: Apache-2.0
// The stdin side of a sandbox: written at once while the pipe has room, else when the reactor says so.

import Glibc
package import NIOCore
import Synchronization

extension WarmSandbox {
    private enum Written {
        case all
        case blocked
        case closed
    }

    /// Writes to stdin, suspending while the pipe is full.
    ///
    /// - Returns: false when the function closed its end or is gone; the rest is not wanted then.
    package func write(_ bytes: ByteBuffer) async -> Bool {
        var rest = bytes
        while true {
            switch writeNow(&rest) {
            case .all: return true
            case .closed: return false
            case .blocked: await waitForRoom()
            }
        }
    }

    /// Ends stdin; idempotent.
    package func closeInput() {
        let waiter = state.withLock { state in
            state.input.close()
            defer { state.inputWaiter = nil }
            return state.inputWaiter
        }
        waiter?.resume()
    }

    private func writeNow(_ rest: inout ByteBuffer) -> Written {
        state.withLock { state in
            while rest.readableBytes > 0 {
                guard let descriptor = state.input.descriptor else { return .closed }
                let written = rest.withUnsafeReadableBytes {
                    Glibc.write(descriptor, $0.baseAddress, $0.count)
                }
                if written >= 0 {
                    rest.moveReaderIndex(forwardBy: written)
                } else if errno == EAGAIN {
                    return .blocked
                } else if errno != EINTR {
                    state.input.close()
                    return .closed
                }
            }
            return .all
        }
    }

    private func waitForRoom() async {
        await withCheckedContinuation { continuation in
            let now = state.withLock { state -> CheckedContinuation<Void, Never>? in
                guard state.input.descriptor != nil, !state.use.isEnded else { return continuation }
                state.inputWaiter = continuation
                state.input.watch(.standardInput, readiness: writable, self)
                return nil
            }
            now?.resume()
        }
    }

    /// Room again, or the reader is gone: the writer finds out which.
    func inputReady() {
        let waiter = state.withLock { state in
            state.input.pause()
            defer { state.inputWaiter = nil }
            return state.inputWaiter
        }
        waiter?.resume()
    }
}
