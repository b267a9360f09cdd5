// SPDX-License-Identifier: Apache-2.0
// Stops all processes of a container where they are, and lets them go on: the cgroup freezer, through the spawner.

import CSandbox
import Synchronization

extension Spawner {
    /// Longest wait for the answer: it is two writes to files of the kernel.
    private static let freezePatience = Duration.seconds(5)

    /// Stops or continues the processes of a slot, its own among them: a frozen slot answers nothing.
    ///
    /// - Throws: ``SandboxError`` with step and errno; on a host without the freezer too.
    func freeze(_ slot: UInt32, _ isFrozen: Bool) async throws(SandboxError) {
        let command = csandbox_command(
            header: csandbox_header(kind: UInt32(CSANDBOX_FREEZE.rawValue), slot: slot),
            value: isFrozen ? 1 : 0,
            sandbox: 0
        )
        let answer: FreezeAnswer = await withCheckedContinuation { continuation in
            let socket = state.withLock { state -> Int32 in
                guard state.socket >= 0, state.freezes[slot] == nil else { return -1 }
                state.freezes[slot] = continuation
                return state.socket
            }
            guard socket >= 0 else { return continuation.resume(returning: .none) }
            do throws(SandboxError) { try Packet.send(command, to: socket) } catch {
                return frozen(slot, .none)
            }
            Task { [weak self] in
                // Nothing cancels this task.
                try? await Task.sleep(for: Self.freezePatience)
                self?.frozen(slot, .none)
            }
        }
        switch answer {
        case .none: throw .gone("the spawner")
        case .outcome(0, _): return
        case .outcome(let step, let error): throw Packet.setupError(step, error)
        }
    }

    /// The answer has come, or none will.
    func frozen(_ slot: UInt32, _ answer: FreezeAnswer) {
        state.withLock { $0.freezes.removeValue(forKey: slot) }?.resume(returning: answer)
    }
}

/// What became of an order to freeze.
enum FreezeAnswer: Sendable {
    case outcome(step: UInt32, error: Int32)
    case none
}
