// SPDX-License-Identifier: Apache-2.0
// Processes that enter a running sandbox: the slot's process makes them, and is their parent.

import CSandbox
import Glibc
import NIOCore
import Synchronization

extension Slot {
    /// One caller that waits for its process.
    struct EnterWaiter: Sendable {
        let sandbox: UInt32
        let onStandardError: @Sendable (ByteBuffer) -> Void
        let then: @Sendable (Result<WarmSandbox, SandboxError>) -> Void
    }

    /// Longest wait for an answer.
    ///
    /// The set-up has the container's share of processor time. Like ``usage``'s it has no ``AnswerWatch``: a process
    /// that cannot enter must not end the container.
    private static let enterPatience = Duration.seconds(5)

    /// Makes a process in the sandbox.
    ///
    /// - Throws: ``SandboxError``: `gone` when the sandbox has ended, `notYet` before its program was executed,
    ///   `exhausted` at a bound, `setup` with step and errno.
    func enter(
        _ plan: ProcessPlan,
        sandbox: UInt32,
        onStandardError: @escaping @Sendable (ByteBuffer) -> Void
    ) async throws(SandboxError) -> WarmSandbox {
        var head = csandbox_enter_head()
        head.header = csandbox_header(kind: UInt32(CSANDBOX_ENTER.rawValue), slot: id)
        head.sandbox = sandbox
        head.flags = plan.hasTerminal ? UInt32(CSANDBOX_ENTER_TERMINAL.rawValue) : 0
        head.uid = plan.user.uid
        head.gid = plan.user.gid
        let groups = plan.user.supplementaryGroups
        guard groups.count <= Int(CSANDBOX_GROUPS_MAX) else {
            throw .unsupported("more than \(CSANDBOX_GROUPS_MAX) supplementary groups")
        }
        head.group_count = UInt32(groups.count)
        withUnsafeMutableBytes(of: &head.groups) { space in
            groups.withUnsafeBytes { space.copyMemory(from: $0) }
        }
        guard FixedText.copy(plan.workingDirectory, into: &head.directory) else {
            throw .file(plan.workingDirectory, errorNumber: ENAMETOOLONG)
        }
        let result = await withCheckedContinuation { continuation in
            let waiter = EnterWaiter(sandbox: sandbox, onStandardError: onStandardError) {
                continuation.resume(returning: $0)
            }
            ask(head, plan.command, waiter)
        }
        return try result.get()
    }

    private func ask(_ head: csandbox_enter_head, _ command: SandboxCommand, _ waiter: EnterWaiter) {
        let number = state.withLock { state -> Result<UInt32, SandboxError> in
            if case .gone(let error) = state.machine.phase { return .failure(error) }
            guard let number = state.entering.add(waiter) else {
                let max = SocketRequests<EnterWaiter>.pendingMax
                return .failure(.exhausted("\(max) processes are entering the container already"))
            }
            return .success(number)
        }
        let sequence: UInt32
        switch number {
        case .failure(let error): return waiter.then(.failure(error))
        case .success(let number): sequence = number
        }
        do throws(SandboxError) { try send(head, command, sequence) } catch {
            return enterWaiter(sequence)?.then(.failure(error)) ?? ()
        }
        Task { [weak self] in
            // Nothing cancels this task.
            try? await Task.sleep(for: Self.enterPatience)
            self?.enterWaiter(sequence)?.then(.failure(.exhausted("the container does not answer in time")))
        }
    }

    /// Does not block: a slot that does not read its orders must not hold the caller's thread.
    private func send(
        _ head: csandbox_enter_head,
        _ command: SandboxCommand,
        _ sequence: UInt32
    ) throws(SandboxError) {
        let errorNumber = try CommandPacket.build(command) { arguments, variables in
            var head = head
            head.sequence = sequence
            head.argument_count = arguments
            head.environment_count = variables
            return head
        } then: { packet in
            let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
            return Glibc.send(control.raw, packet.baseAddress, packet.count, flags) < 0 ? errno : 0
        }
        switch errorNumber {
        case 0: return
        case EAGAIN: throw .exhausted("the container takes no further process now")
        default: throw Packet.failure(of: "send", errorNumber)
        }
    }

    private func enterWaiter(_ number: UInt32) -> EnterWaiter? {
        state.withLock { $0.entering.answered(number) }
    }

    /// The slot's process answers, with the descriptors of a process that runs, or begins to.
    func enterAnswered(_ bytes: UnsafeRawBufferPointer, _ descriptors: [Int32]) {
        let answer = Packet.read(csandbox_enter_answer.self, bytes)
        let waiter = answer.flatMap { enterWaiter($0.sequence) }
        guard let answer, answer.error == 0, descriptors.count == Self.enterDescriptors else {
            descriptors.forEach { close($0) }
            let error = answer.map { SandboxError(entering: $0.step, $0.error) }
            waiter?.then(.failure(error ?? .gone("the slot")))
            return
        }
        guard let waiter else {
            // Its caller has given up.
            descriptors.forEach { close($0) }
            return sendNow(CSANDBOX_ENTERED_SIGNAL, value: SIGKILL, sandbox: answer.process)
        }
        let process = WarmSandbox(
            slot: self,
            sandbox: waiter.sandbox,
            entered: answer.process,
            descriptors: descriptors
        )
        state.withLock { $0.entered[answer.process] = process }
        process.follow(waiter.onStandardError)
        waiter.then(.success(process))
    }

    /// Stdio, and the pipe of the execution.
    private static let enterDescriptors = Int(CSANDBOX_STDIO_COUNT) + 1

    /// The slot's process has reaped one.
    func enteredExited(_ bytes: UnsafeRawBufferPointer) {
        guard let message = Packet.read(csandbox_entered_exit.self, bytes) else { return }
        takeEntered(message.process)?.enteredExited(ExitReport(message))
    }

    /// Forgets a process that has ended.
    func takeEntered(_ number: UInt32) -> WarmSandbox? {
        state.withLock { $0.entered.removeValue(forKey: number) }
    }
}

/// What a slot was asked for and cannot answer any more.
struct LostRequests: Sendable {
    private let sockets: [Slot.SocketWaiter]
    private let usages: [Slot.UsageWaiter]
    private let entering: [Slot.EnterWaiter]
    private let entered: [WarmSandbox]

    /// Takes all of them.
    init(_ state: inout Slot.Storage) {
        sockets = state.sockets.lost()
        usages = state.usages.lost()
        entering = state.entering.lost()
        entered = Array(state.entered.values)
        state.entered = [:]
    }

    /// Notifies the waiters; processes that entered have ended with their container.
    func fail(_ error: SandboxError) {
        for waiter in sockets { waiter(.failure(error)) }
        for waiter in usages { waiter(nil) }
        for waiter in entering { waiter.then(.failure(error)) }
        for process in entered { process.enteredExited(ExitReport(ending: .signalled(SIGKILL))) }
    }
}

extension SandboxError {
    /// Why a process could not enter a container.
    init(entering step: UInt32, _ errorNumber: Int32) {
        switch (csandbox_step(step), errorNumber) {
        case (CSANDBOX_STEP_ENTER_NAMESPACES, ESRCH): self = .gone("the container")
        case (CSANDBOX_STEP_ENTER_NAMESPACES, EAGAIN): self = .notYet
        case (CSANDBOX_STEP_ENTER_CLONE, EUSERS):
            self = .exhausted("\(CSANDBOX_ENTERED_MAX) processes have entered the container already")
        case (CSANDBOX_STEP_ENTER_CLONE, EAGAIN):
            self = .exhausted("the container has reached its limit of processes")
        // The kernel's answer while a PID namespace ends, too.
        case (CSANDBOX_STEP_ENTER_CLONE, ENOMEM):
            self = .exhausted("the container has no memory left, or ends")
        default: self = Packet.setupError(step, errorNumber)
        }
    }
}
