// SPDX-License-Identifier: Apache-2.0
// What the processes of a running sandbox use now, as the slot's process reads it of the cgroup and /proc.

import CSandbox
import Synchronization

/// What a container uses at one moment.
package struct ContainerUsage: Hashable, Sendable {
    /// Memory of all processes, with the writable layer; nil where the host does not count it.
    package var memoryBytes: Int?
    /// Processor time of the processes that run now and the ones that they have waited for, from the assignment on.
    package var cpuMicroseconds: Int64
    package var processCount: Int

    package init(memoryBytes: Int?, cpuMicroseconds: Int64, processCount: Int) {
        self.memoryBytes = memoryBytes
        self.cpuMicroseconds = cpuMicroseconds
        self.processCount = processCount
    }
}

extension Slot {
    /// Nil when there is no answer.
    typealias UsageWaiter = @Sendable (ContainerUsage?) -> Void

    /// Longest wait for an answer.
    ///
    /// A slot's process has its share of the function's processor time. Unlike other questions this one has no
    /// ``AnswerWatch``: looking at a container must not end it.
    private static let usagePatience = Duration.seconds(1)

    fileprivate func usage(ofSandbox sandbox: UInt32) async -> ContainerUsage? {
        await withCheckedContinuation { continuation in
            guard let number = askUsage(of: sandbox, { continuation.resume(returning: $0) }) else {
                return continuation.resume(returning: nil)
            }
            Task { [weak self] in
                // Nothing cancels this task.
                try? await Task.sleep(for: Self.usagePatience)
                self?.usageWaiter(number)?(nil)
            }
        }
    }

    /// - Returns: the question's number; nil when it was not asked, and the waiter is not called then.
    private func askUsage(of sandbox: UInt32, _ waiter: @escaping UsageWaiter) -> UInt32? {
        let number = state.withLock { state -> UInt32? in
            if case .gone = state.machine.phase { return nil }
            return state.usages.add(waiter)
        }
        guard let number else { return nil }
        let order = csandbox_usage_order(
            header: csandbox_header(kind: UInt32(CSANDBOX_USAGE.rawValue), slot: id),
            sandbox: sandbox,
            sequence: number
        )
        // Never waits: a paused slot reads nothing, and a question that is not sent has no answer in time.
        Packet.sendNow(order, to: control.raw)
        return number
    }

    private func usageWaiter(_ number: UInt32) -> UsageWaiter? {
        state.withLock { $0.usages.answered(number) }
    }

    /// The slot's process answers.
    func usageAnswered(_ bytes: UnsafeRawBufferPointer) {
        guard let answer = Packet.read(csandbox_usage.self, bytes),
            let waiter = usageWaiter(answer.sequence)
        else { return }
        guard answer.error == 0 else { return waiter(nil) }
        waiter(
            ContainerUsage(
                memoryBytes: answer.memory_bytes < 0 ? nil : Int(answer.memory_bytes),
                cpuMicroseconds: answer.cpu_us,
                processCount: Int(answer.processes)
            )
        )
    }
}

extension WarmSandbox {
    /// What it uses now; nil once it has ended.
    package func usage() async -> ContainerUsage? {
        guard !state.withLock({ $0.use.isEnded }) else { return nil }
        return await slot.usage(ofSandbox: number)
    }

    /// Distinguishes it from every other sandbox of this gateway: its slot, and its number there.
    package var name: String { "\(slot.id)-\(number)" }
}
