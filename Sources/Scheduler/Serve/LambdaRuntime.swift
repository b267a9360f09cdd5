// SPDX-License-Identifier: Apache-2.0
// The Runtime API for the program of one sandbox: it waits in `next` until its invocation is known. StartedProgram
// makes one; Dispatcher gives it an invocation.

import Contracts
import HTTPTypes
import NIOCore
import Sandbox
import SandboxHTTP
import Synchronization

/// Serves one runtime.
final class LambdaRuntime: LocalService {
    private struct Storage {
        var state = RuntimeState()
        var answer = RuntimeAnswerState()
        var server: LocalServer?
        /// The request on which `next` waits.
        var held: LocalExchange?
        /// An invocation that waits for `next`.
        var pending: Delivery?
        /// The body that is collected, and its bound.
        var collected = ByteBuffer()
        var collectedMax: [Int: Int] = [:]
        /// The body that is streamed.
        var streamed: LocalExchange?
        var isEnded = false
        var answeredAt: ContinuousClock.Instant?
        /// How the start ended; nil inside means that the function is initialised.
        var readiness: String??
        var whenReady: CheckedContinuation<String?, Never>?
        var whenBegun: CheckedContinuation<RuntimeAnswerState.Beginning, Never>?
        var whenPart: CheckedContinuation<RuntimeAnswerState.Part, Never>?
    }

    /// The answer to `next`.
    private struct Delivery: Sendable {
        var fields: HTTPFields
        var event: ByteBuffer
    }

    /// How long requests of an ended program that were not accepted yet may take.
    private static let lateRequestsMax = Duration.milliseconds(20)

    private let storage = Mutex(Storage())

    init() {}

    deinit { storage.withLock { $0.server }?.close() }

    /// Listens inside the sandbox; before its program starts.
    func open(in sandbox: any SandboxHandle) async throws(ExchangeFailure) {
        let descriptor: OwnedDescriptor
        do throws(SandboxError) {
            descriptor = try await sandbox.listen(port: LambdaEnvironment.port)
        } catch {
            throw .broken(error.description)
        }
        let server = try await LocalServer.adopt(descriptor, self)
        storage.withLock { $0.server = server }
    }

    /// Serves nothing more.
    func close() { storage.withLock { $0.server }?.close() }

    // MARK: Start

    /// Waits until the function is initialised.
    ///
    /// - Parameter span: longest wait.
    /// - Returns: why it is not; nil when it is.
    func ready(within span: Duration) async -> String? {
        let bound = Task {
            try await Task.sleep(for: span)
            decided("its runtime did not ask for an invocation")
        }
        defer { bound.cancel() }
        return await withCheckedContinuation { continuation in
            let known = storage.withLock { storage -> String?? in
                if storage.readiness == nil { storage.whenReady = continuation }
                return storage.readiness
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    /// The start ended; the first reason counts.
    func decided(_ reason: String?) {
        let waiter = storage.withLock { storage -> CheckedContinuation<String?, Never>? in
            guard storage.readiness == nil else { return nil }
            storage.readiness = .some(reason)
            defer { storage.whenReady = nil }
            return storage.whenReady
        }
        waiter?.resume(returning: reason)
    }

    // MARK: Invocation

    /// When the whole answer was there, or a report of an error; nil before.
    var answeredAt: ContinuousClock.Instant? { storage.withLock { $0.answeredAt } }

    /// Gives the runtime its invocation.
    func assign(_ invocation: LambdaInvocation, deadlineMilliseconds: Int64) {
        let delivery = Delivery(
            fields: invocation.fields(deadlineMilliseconds: deadlineMilliseconds),
            event: invocation.event
        )
        let held = storage.withLock { storage -> LocalExchange? in
            switch storage.state.assign(id: invocation.id) {
            case .deliver:
                defer { storage.held = nil }
                return storage.held
            case .keep: storage.pending = delivery
            case .refused: storage.answer.breaks(.noAnswer)
            }
            return nil
        }
        held?.answer(200, delivery.fields, body: delivery.event)
    }

    /// How the answer begins.
    func beginning() async -> RuntimeAnswerState.Beginning {
        await withCheckedContinuation { continuation in
            let present = storage.withLock { storage -> RuntimeAnswerState.Beginning? in
                let present = storage.answer.takeBeginning()
                if present == nil { storage.whenBegun = continuation }
                return present
            }
            if let present { continuation.resume(returning: present) }
        }
    }

    /// The next part of a streamed body.
    func part() async -> RuntimeAnswerState.Part {
        await withCheckedContinuation { continuation in
            let (present, streamed) = storage.withLock {
                storage -> (RuntimeAnswerState.Part?, LocalExchange?) in
                let present = storage.answer.takePart()
                if present == nil { storage.whenPart = continuation }
                return (present, storage.streamed)
            }
            streamed?.resume()
            if let present { continuation.resume(returning: present) }
        }
    }

    /// The next part of a streamed body that is here already.
    func partIfPresent() -> RuntimeAnswerState.Part? { storage.withLock { $0.answer.takePart() } }

    /// The program has ended: what it sent before still counts.
    func programEnded() {
        let server = storage.withLock { storage in
            storage.isEnded = true
            return storage.server
        }
        decided("its program has ended")
        Task {
            // A cancelled sleep ends the wait; nothing cancels this task.
            try? await Task.sleep(for: Self.lateRequestsMax)
            if server?.hasConnections != true { over(.noAnswer) }
        }
    }

    private func over(_ fault: ResponseFault) {
        change { storage in
            storage.state.over()
            // Without effect on an answer that is here.
            storage.answer.breaks(fault)
        }
    }

    /// Changes what is known, and wakes the reader.
    private func change(_ event: (inout Storage) -> Void) {
        let wakes = storage.withLock { storage in
            event(&storage)
            return Self.wakes(&storage)
        }
        if let (waiter, beginning) = wakes.0 { waiter.resume(returning: beginning) }
        if let (waiter, part) = wakes.1 { waiter.resume(returning: part) }
    }

    private static func wakes(_ storage: inout Storage) -> (
        (CheckedContinuation<RuntimeAnswerState.Beginning, Never>, RuntimeAnswerState.Beginning)?,
        (CheckedContinuation<RuntimeAnswerState.Part, Never>, RuntimeAnswerState.Part)?
    ) {
        var wakes:
            (
                (CheckedContinuation<RuntimeAnswerState.Beginning, Never>, RuntimeAnswerState.Beginning)?,
                (CheckedContinuation<RuntimeAnswerState.Part, Never>, RuntimeAnswerState.Part)?
            ) = (nil, nil)
        if let waiter = storage.whenBegun, let beginning = storage.answer.takeBeginning() {
            storage.whenBegun = nil
            wakes.0 = (waiter, beginning)
        }
        if let waiter = storage.whenPart, let part = storage.answer.takePart() {
            storage.whenPart = nil
            wakes.1 = (waiter, part)
        }
        return wakes
    }
}

// MARK: Requests

extension LambdaRuntime {
    func requested(_ exchange: LocalExchange) {
        let route: RuntimeRoute
        do throws(RuntimeRefusal) {
            route = try RuntimeRoute(exchange.request.method, path: exchange.request.path ?? "/")
        } catch {
            return refuse(exchange, error)
        }
        let fields = exchange.request.headerFields
        let isStreaming = fields[.responseMode]?.lowercased() == "streaming"
        var refusal: RuntimeRefusal?
        var delivery: Delivery?
        var isReady = false
        change { storage in
            let step = storage.state.requested(
                route,
                exchange.number,
                isStreaming: isStreaming,
                length: fields[.contentLength].flatMap { Int($0) }
            )
            switch step {
            case .hold(let isFirst):
                storage.held = exchange
                isReady = isFirst
            case .deliver:
                delivery = storage.pending
                storage.pending = nil
            case .collect(let max):
                storage.collected = ByteBuffer()
                storage.collectedMax = [exchange.number: max]
            case .pass:
                storage.streamed = exchange
                storage.answer.begins(.stream(contentType: fields[.contentType]))
            case .refuse(let found, let fault):
                refusal = found
                if let fault { storage.answer.breaks(fault) }
            }
        }
        if isReady { decided(nil) }
        if let delivery { exchange.answer(200, delivery.fields, body: delivery.event) }
        if let refusal { refuse(exchange, refusal) }
    }

    func received(_ bytes: ByteBuffer, _ exchange: LocalExchange) -> Bool {
        var isTooLarge = false
        var wantsMore = true
        change { storage in
            if storage.streamed === exchange {
                storage.answer.received(bytes)
            } else if let max = storage.collectedMax[exchange.number] {
                var bytes = bytes
                storage.collected.writeBuffer(&bytes)
                guard storage.collected.readableBytes > max else { return }
                isTooLarge = true
                storage.collected = ByteBuffer()
                storage.collectedMax = [:]
                if let fault = storage.state.exceeded(exchange.number) { storage.answer.breaks(fault) }
            }
        }
        // Asked after the reader took its part.
        storage.withLock { if $0.streamed === exchange { wantsMore = $0.answer.wantsMore } }
        if isTooLarge { refuse(exchange, .tooLarge) }
        return wantsMore
    }

    func ended(_ exchange: LocalExchange) {
        let header = exchange.request.headerFields[.errorType]
        var initFailure: RuntimeFailure?
        var isAccepted = true
        change { storage in
            let isStream = storage.streamed === exchange
            let body = storage.collected
            switch storage.state.ended(exchange.number) {
            case .answer where isStream:
                storage.streamed = nil
                storage.answer.ends(Self.ending(exchange.trailers))
            case .report:
                storage.answer.begins(.failed(RuntimeFailure(header: header, body: body)))
            case .answer: storage.answer.begins(.whole(body))
            case .initFailure: initFailure = RuntimeFailure(header: header, body: body)
            // A GET: `next` is answered with an invocation.
            case .none: isAccepted = false
            }
            if isAccepted {
                storage.answeredAt = .now
                storage.collected = ByteBuffer()
                storage.collectedMax = [:]
            }
        }
        if isAccepted { exchange.answer(202, [.contentType: "application/json"], body: Self.accepted) }
        if let initFailure { decided("its initialisation failed: \(initFailure)") }
    }

    func closed(_ exchange: LocalExchange) {
        change { storage in
            if storage.held === exchange { storage.held = nil }
            guard let fault = storage.state.closed(exchange.number) else { return }
            storage.answer.breaks(fault)
        }
    }

    func gaveUp() {
        decided("its runtime makes only requests that are refused")
        over(.strayRequests)
    }

    func emptied() {
        if storage.withLock({ $0.isEnded }) { over(.noAnswer) }
    }

    private static let accepted = ByteBuffer(string: #"{"status":"OK"}"#)

    private func refuse(_ exchange: LocalExchange, _ refusal: RuntimeRefusal) {
        exchange.answer(
            refusal.status,
            [.contentType: "application/json"],
            body: ByteBuffer(string: refusal.body),
            isRefusal: true
        )
    }

    private static func ending(_ trailers: HTTPFields?) -> RuntimeAnswerState.Part {
        guard let type = trailers?[.errorType] else { return .end }
        return .failed(RuntimeFailure(trailerType: type, body: trailers?[.errorBody]))
    }
}
