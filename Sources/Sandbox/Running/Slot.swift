// SPDX-License-Identifier: Apache-2.0
// The reusable part of a container, and the sandboxes made in it. Driven by Scheduler and the reactor.

import CSandbox
import Glibc
import Synchronization

/// One slot: cgroups, network and user namespace, mount template; holds at most one sandbox at a time.
package final class Slot: Sendable, Identifiable {
    package let id: UInt32

    /// Gets the result of an order; called once, without a lock.
    private typealias Waiter = @Sendable (Result<WarmSandbox?, SandboxError>) -> Void

    struct Storage: ~Copyable {
        var machine = SlotState<WarmSandbox>()
        var watch = AnswerWatch()
        var waiter: (@Sendable (Result<WarmSandbox?, SandboxError>) -> Void)?
        var controlToken: UInt64?
        var sockets = SocketRequests<SocketWaiter>()
        var usages = SocketRequests<UsageWaiter>()
        var entering = SocketRequests<EnterWaiter>()
        /// Processes that entered the current sandbox and have not ended, by their number.
        var entered: [UInt32: WarmSandbox] = [:]
        var template = TemplateState()
        var templateWaiter: (@Sendable (Result<Void, SandboxError>) -> Void)?
    }

    let control: OwnedDescriptor
    private let releaseEnd: OwnedDescriptor
    /// Whether the order said that it makes its first sandbox without a request.
    private let preparesNext: Bool
    let defaults: ProcessDefaults
    let state = Mutex(Storage())

    init(
        id: UInt32,
        control: consuming OwnedDescriptor,
        release: consuming OwnedDescriptor,
        preparesNext: Bool,
        defaults: ProcessDefaults
    ) {
        self.id = id
        self.defaults = defaults
        self.preparesNext = preparesNext
        self.control = control
        releaseEnd = release
    }

    /// Makes a sandbox that is complete up to `execve`; call again only after the last one has exited.
    ///
    /// Does not block. A slot that makes its sandbox without a request gets none.
    ///
    /// - Parameter then: called once, on the reactor's thread as a rule: it must not block. The failure is a
    ///   ``SandboxError`` with step and errno, or that the slot is gone.
    package func makeSandbox(then: @escaping @Sendable (Result<WarmSandbox, SandboxError>) -> Void) {
        let order = state.withLock { state in
            let order = state.machine.makeRequested()
            switch order {
            case .send, .wait:
                state.waiter = { then($0.flatMap(Self.whole)) }
                state.watch.ordered(at: monotonicNanoseconds())
            case .take, .refuse: break
            }
            return order
        }
        switch order {
        case .send: send(CSANDBOX_MAKE_SANDBOX, value: 0)
        case .wait: break
        case .take(let result): then(result)
        case .refuse(let error): then(.failure(error))
        }
    }

    private static func whole(_ sandbox: WarmSandbox?) -> Result<WarmSandbox, SandboxError> {
        if let sandbox { .success(sandbox) } else { .failure(.gone("the slot")) }
    }

    /// As the other one, for tasks.
    ///
    /// - Throws: ``SandboxError`` with step and errno, or that the slot is gone.
    package func makeSandbox() async throws(SandboxError) -> WarmSandbox {
        let result = await withCheckedContinuation { continuation in
            makeSandbox { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// Kills what runs in it and gives everything back; does not wait; idempotent.
    package func retire() { retire(because: .gone("the slot (retired)")) }

    /// As the other one, with the reason for its waiters.
    func retire(because error: SandboxError) {
        lost(error)
        // Both sockets close: the slot process notices that and exits, which ends its sandbox.
        shutdown(control.raw, Int32(SHUT_RDWR))
        shutdown(releaseEnd.raw, Int32(SHUT_RDWR))
    }

    /// Waits for the slot process's first word.
    ///
    /// `start` sends the order that creates it.
    func waitUntilBuilt(_ start: () throws(SandboxError) -> Void) async throws(SandboxError) {
        watch()
        let result = await withCheckedContinuation { continuation in
            state.withLock { state in
                state.waiter = { continuation.resume(returning: $0) }
                state.watch.ordered(at: monotonicNanoseconds())
            }
            do throws(SandboxError) { try start() } catch { lost(error) }
        }
        _ = try result.get()
    }

    private func watch() {
        let token = Reactor.shared.add(control.raw, .control, readiness: readable, source: self)
        state.withLock { $0.controlToken = token }
    }

    /// A command to the slot process.
    ///
    /// Errors show as the end of its socket.
    func send(_ kind: csandbox_kind, value: Int32, sandbox: UInt32 = 0) {
        let command = csandbox_command(
            header: csandbox_header(kind: UInt32(kind.rawValue), slot: id),
            value: value,
            sandbox: sandbox
        )
        do throws(SandboxError) { try Packet.send(command, to: control.raw) } catch { lost(error) }
    }

    /// A command that is dropped where the slot process does not read: a paused container must hold no thread.
    func sendNow(_ kind: csandbox_kind, value: Int32, sandbox: UInt32) {
        let command = csandbox_command(
            header: csandbox_header(kind: UInt32(kind.rawValue), slot: id),
            value: value,
            sandbox: sandbox
        )
        Packet.sendNow(command, to: control.raw)
    }

    /// All of its processes are stopped, or go on: see ``AnswerWatch/frozen(_:at:)``.
    func frozen(_ isFrozen: Bool) { state.withLock { $0.watch.frozen(isFrozen, at: monotonicNanoseconds()) } }

    /// Its sandbox is killed: its end is waited for no longer than ``AnswerWatch/ending``.
    func sandboxKilled() { state.withLock { $0.watch.killed(at: monotonicNanoseconds()) } }

    /// Whether it answers in time.
    func verdict(at now: Int64) -> AnswerWatch.Verdict { state.withLock { $0.watch.verdict(at: now) } }

    /// The one message that PID 1 waits for.
    func sendRelease(_ command: SandboxCommand, preparesNext: Bool) throws(SandboxError) {
        try ReleaseMessage.send(command, preparesNext: preparesNext, slot: id, to: releaseEnd.raw)
    }

    /// The slot is gone, for any reason: notifies all its waiters.
    ///
    /// - Parameters:
    ///   - error: why.
    ///   - ending: what that means for a sandbox in it; nil when it may have run.
    ///   - oomKilled: whether the memory limit took the slot's own process, and the sandbox with it.
    func lost(_ error: SandboxError, ending: ExitReport.Ending? = nil, oomKilled: Bool = false) {
        let (loss, waiter, template, token, requests) = state.withLock { state in
            let loss = state.machine.lost(error)
            state.watch.left(at: monotonicNanoseconds())
            let waiter = state.waiter
            let template = state.templateWaiter
            let token = state.controlToken
            state.waiter = nil
            state.templateWaiter = nil
            state.controlToken = nil
            return (loss, waiter, template, token, LostRequests(&state))
        }
        if let token { Reactor.shared.remove(token, descriptor: control.raw) }
        waiter?(.failure(error))
        template?(.failure(error))
        requests.fail(error)
        if case .running(let sandbox) = loss {
            var report = ExitReport(
                ending: oomKilled ? .signalled(SIGKILL) : ending ?? .lost(reason: error.description)
            )
            report.oomKilled = oomKilled
            sandbox.exited(report)
        }
    }

    /// The spawner has reaped the slot's process: what that has said counts first.
    ///
    /// Without the slot process there is no further report, so this ends.
    func reaped(oomKilled: Bool) {
        while receive() {}
        lost(.gone("the slot"), oomKilled: oomKilled)
    }

    /// The slot process is dead; the spawner always reports the reason once it has reaped it.
    private func stopListening() {
        let token = state.withLock { state in
            defer { state.controlToken = nil }
            return state.controlToken
        }
        if let token { Reactor.shared.remove(token, descriptor: control.raw) }
    }

    private func answer(_ result: Result<WarmSandbox?, SandboxError>, when accepted: Bool) {
        let waiter = state.withLock { state -> Waiter? in
            guard accepted else { return nil }
            state.watch.answered()
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?(result)
    }
}

extension Slot: ReactorSource {
    /// One packet: the reactor calls again while there are more.
    func ready(_ role: ReactorRole, readiness: UInt32) {
        _ = receive()
    }

    /// Returns whether there was a packet.
    private func receive() -> Bool {
        Packet.receive(from: control.raw) { received in
            switch received {
            case .nothing: return false
            case .end:
                stopListening()
                return false
            case .packet(let kind, let bytes, let descriptors):
                handle(kind, bytes, descriptors)
                return true
            }
        }
    }

    private func handle(_ kind: csandbox_kind, _ bytes: UnsafeRawBufferPointer, _ descriptors: [Int32]) {
        switch kind {
        case CSANDBOX_SLOT_READY:
            answer(.success(nil), when: state.withLock { $0.machine.built(preparesNext: preparesNext) })
        case CSANDBOX_SLOT_FAILED: lost(Self.error(in: bytes))
        case CSANDBOX_SANDBOX_READY:
            sandboxReady(Packet.read(csandbox_outcome.self, bytes)?.sandbox ?? 0, descriptors)
        case CSANDBOX_SANDBOX_FAILED: sandboxFailed(Self.error(in: bytes))
        case CSANDBOX_SANDBOX_EXIT:
            guard let message = Packet.read(csandbox_exit.self, bytes) else { return }
            let preparesNext = message.next_sandbox != 0
            let sandbox = state.withLock { state in
                state.watch.ended()
                return state.machine.sandboxExited(preparesNext: preparesNext)
            }
            // First, since a caller waits for it. That caller may request the next sandbox before it is announced.
            sandbox?.exited(message)
            // A copy of a template comes in a message of its own.
            if preparesNext, !isCopying { sandboxReady(message.next_sandbox, descriptors) }
        case CSANDBOX_DIAL, CSANDBOX_LISTEN, CSANDBOX_OPEN_IN_ROOT: socketAnswered(bytes, descriptors)
        case CSANDBOX_LINK: socketAnswered(bytes, descriptors, count: 0)
        case CSANDBOX_USAGE: usageAnswered(bytes)
        case CSANDBOX_ENTER: enterAnswered(bytes, descriptors)
        case CSANDBOX_ENTERED_EXIT: enteredExited(bytes)
        case CSANDBOX_TEMPLATE_READY, CSANDBOX_TEMPLATE_FAILED: templateAnswered(bytes)
        default: break
        }
    }

    private func sandboxFailed(_ error: SandboxError) {
        switch state.withLock({ $0.machine.sandboxFailed(error) }) {
        case .awaited: answer(.failure(error), when: true)
        case .kept: break
        case .handedOut: lost(error, ending: .notStarted(reason: error.description))
        }
    }

    private func sandboxReady(_ number: UInt32, _ descriptors: [Int32]) {
        guard descriptors.count == Int(CSANDBOX_STDIO_COUNT) else {
            descriptors.forEach { close($0) }
            lost(.gone("the slot (it sent \(descriptors.count) descriptors)"))
            return
        }
        let sandbox = WarmSandbox(
            slot: self,
            number: number,
            input: descriptors[0],
            output: descriptors[1],
            error: descriptors[2],
            isCopy: isCopying
        )
        answer(.success(sandbox), when: state.withLock { $0.machine.sandboxReady(sandbox) })
    }

    private static func error(in bytes: UnsafeRawBufferPointer) -> SandboxError {
        guard let message = Packet.read(csandbox_outcome.self, bytes) else { return .gone("the slot") }
        return TemplateRefusal.ofCopy(step: message.step, errorNumber: message.error)
            ?? Packet.setupError(message.step, message.error)
    }
}
