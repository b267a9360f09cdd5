// SPDX-License-Identifier: Apache-2.0
// A template: one process that a slot starts, stops when it waits for its request, and copies for each sandbox.

import CSandbox
import Synchronization

/// How the program of a template gets its request, and so where it waits.
package enum TemplateIntake: Hashable, Sendable {
    /// In a read of standard input.
    case standardInput
    /// For a connection to this port.
    case server(port: UInt16)
    /// For the answer to a request that it has made to this port of 127.0.0.1.
    case client(port: UInt16)

    /// As the slot's process gets it.
    fileprivate var value: Int32 {
        switch self {
        case .standardInput: 0
        case .server(let port): Int32(port)
        case .client(let port): -Int32(port)
        }
    }
}

extension Slot {
    /// Whether its sandboxes are copies.
    var isCopying: Bool { state.withLock { $0.template.isReady } }

    /// Starts the program of a slot that copies, and waits until the slot has checked it.
    ///
    /// From then on each sandbox is a copy whose program runs already and waits for its request; ``WarmSandbox/start``
    /// and ``WarmSandbox/assign`` follow. After a failure the slot is of no use: it is to be retired.
    ///
    /// - Parameters:
    ///   - command: what the template executes.
    ///   - intake: where it waits for its request. A copy of a client has sent its request already: the first
    ///     ``WarmSandbox/listen(port:)`` gives the socket that it is connected to.
    /// - Throws: ``SandboxError``: `notCopyable` with the reason, or that the slot is gone.
    package func makeTemplate(
        _ command: SandboxCommand,
        intake: TemplateIntake = .standardInput
    ) async throws(SandboxError) {
        let result = await withCheckedContinuation { continuation in
            requestTemplate(command, intake) { continuation.resume(returning: $0) }
        }
        try result.get()
    }

    private func requestTemplate(
        _ command: SandboxCommand,
        _ intake: TemplateIntake,
        _ waiter: @escaping @Sendable (Result<Void, SandboxError>) -> Void
    ) {
        let refusal = state.withLock { state -> SandboxError? in
            if case .gone(let error) = state.machine.phase { return error }
            guard state.template.requested() else { return .unsupported("two templates in one slot") }
            state.templateWaiter = waiter
            state.watch.ordered(at: monotonicNanoseconds())
            return nil
        }
        if let refusal { return waiter(.failure(refusal)) }
        send(CSANDBOX_MAKE_TEMPLATE, value: intake.value)
        do throws(SandboxError) { try sendRelease(command, preparesNext: false) } catch {
            retire(because: error)
        }
    }

    /// The slot's process answers.
    func templateAnswered(_ bytes: UnsafeRawBufferPointer) {
        guard let answer = Packet.read(csandbox_template_answer.self, bytes) else { return }
        let isReady = answer.header.kind == CSANDBOX_TEMPLATE_READY.rawValue
        let waiter = state.withLock { state in
            guard state.template.answered(isReady: isReady) else { return nil as Waiting? }
            state.watch.answered()
            defer { state.templateWaiter = nil }
            return state.templateWaiter
        }
        guard isReady else {
            waiter?(.failure(.notCopyable(TemplateRefusal.text(answer))))
            return
        }
        waiter?(.success(()))
    }

    private typealias Waiting = @Sendable (Result<Void, SandboxError>) -> Void
}
