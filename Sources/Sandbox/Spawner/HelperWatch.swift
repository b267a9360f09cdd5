// SPDX-License-Identifier: Apache-2.0
// Looks now and then whether slots and spawner still answer, and has those killed that do not. Spawner owns one per
// helper process; the reactor calls it.

import CSandbox
import Glibc
import Logging
import Synchronization

/// A timer on the reactor that supervises one spawner.
final class HelperWatch: ReactorSource {
    /// Between two looks: what is overdue is overdue by seconds.
    private static let nanoseconds: Int64 = 500_000_000

    private struct State {
        var pulse = HelperPulse()
        var token: UInt64?
    }

    private let timer: OwnedDescriptor
    private weak let spawner: Spawner?
    private let state = Mutex(State())

    init(_ spawner: Spawner) throws(SandboxError) {
        let timer = csandbox_timer_create()
        guard timer >= 0 else { throw .system(call: "timerfd_create", errorNumber: -timer) }
        self.timer = OwnedDescriptor(owning: timer)
        self.spawner = spawner
    }

    func begin() {
        let token = Reactor.shared.add(timer.raw, .control, readiness: readable, source: self)
        state.withLock { $0.token = token }
        csandbox_timer_arm(timer.raw, Self.nanoseconds)
    }

    /// Idempotent.
    func end() {
        let token = state.withLock { state in
            defer { state.token = nil }
            return state.token
        }
        if let token { Reactor.shared.remove(token, descriptor: timer.raw) }
    }

    /// The spawner has said that it is there.
    func answered() { state.withLock { $0.pulse.answered() } }

    func ready(_ role: ReactorRole, readiness: UInt32) {
        csandbox_timer_clear(timer.raw)
        guard let spawner else { return end() }
        let now = monotonicNanoseconds()
        let isDoubtful = spawner.lookAfterSlots(at: now)
        let action = state.withLock { $0.pulse.passed(at: now, isDoubtful: isDoubtful) }
        spawner.perform(action)
        if action != .abandon { csandbox_timer_arm(timer.raw, Self.nanoseconds) }
    }
}

extension Spawner {
    /// Gives up slots that do not answer; returns whether something is overdue that the spawner is to do.
    func lookAfterSlots(at now: Int64) -> Bool {
        let slots = state.withLock { Array($0.slots.values) }
        var isDoubtful = false
        for slot in slots {
            let verdict = slot.verdict(at: now)
            isDoubtful = isDoubtful || verdict != .responsive
            guard verdict == .silent || verdict == .lingering else { continue }
            if verdict == .silent {
                logger.error("a slot does not answer and is killed", metadata: ["slot": "\(slot.id)"])
                slot.retire(because: .gone("the slot (it did not answer)"))
            }
            order(CSANDBOX_KILL_SLOT, slot: slot.id)
        }
        return isDoubtful
    }

    /// What the helper's pulse asks for.
    func perform(_ action: HelperPulse.Action) {
        switch action {
        case .none: break
        case .ask: order(CSANDBOX_PING, slot: 0)
        case .end:
            logger.error("the spawner does not answer and is ended")
            shutdown(supervisor.raw, Int32(SHUT_RDWR))
        case .force:
            logger.error("the spawner's supervisor does not answer and is killed")
            killSupervisor()
        case .abandon:
            logger.critical(
                "the spawner cannot be ended; its slots remain until the gateway ends"
            )
            died()
        }
    }

    /// Only for a supervisor that does not end: its death kills the spawner and every container.
    func killSupervisor() {
        if let supervisorPID { kill(supervisorPID, SIGKILL) } else { warden?.killSupervisors() }
    }

    /// A short order that never blocks: a spawner that takes none is found out by its silence.
    private func order(_ kind: csandbox_kind, slot: UInt32) {
        let command = csandbox_command(
            header: csandbox_header(kind: UInt32(kind.rawValue), slot: slot),
            value: 0,
            sandbox: 0
        )
        let socket = state.withLock { $0.socket }
        guard socket >= 0 else { return }
        Packet.sendNow(command, to: socket)
    }
}
