// SPDX-License-Identifier: Apache-2.0
// Sends input, signals and the terminal's size to an attached container, each as a request of its own, in order.

import Dispatch
import Foundation
import GatewayAPI
import Synchronization

/// The link to one container, from the time when its id is known.
final class AttachLink: Sendable {
    /// Bytes of standard input in one request; well below the gateway's limit.
    private static let inputBytesMax = 64 << 10

    private let client: GatewayClient
    /// Finds the keys that detach; nil where none do.
    private let detaching: Mutex<DetachState?>
    private let detachment = Mutex(Detachment())
    /// Signals that wait for the container's start.
    private let numbers: AsyncStream<Int32>
    private let continuation: AsyncStream<Int32>.Continuation
    private let tasks = Mutex<[Task<Void, Never>]>([])
    /// Reading blocks, so it has a thread of its own, which ends with the process.
    private let reading = DispatchQueue(label: "standard-input")

    private struct Detachment {
        var isDone = false
        var onDetach: (@Sendable () -> Void)?
    }

    /// - Parameters:
    ///   - client: of the gateway.
    ///   - keys: that leave the container running; nil where every byte is passed on.
    init(client: GatewayClient, keys: DetachKeys?) {
        self.client = client
        detaching = Mutex(keys.map { DetachState($0) })
        (numbers, continuation) = AsyncStream<Int32>.makeStream()
    }

    /// A signal arrived; SIGWINCH means that the terminal's size changed.
    func signal(_ number: Int32) { continuation.yield(number) }

    /// In place of a signal's number: the program draws its screen again.
    private static let redrawing: Int32 = 0

    /// Makes the program draw its screen again, as Docker does: its terminal changes its size and changes it back.
    func redraw() { continuation.yield(Self.redrawing) }

    /// The container runs.
    func begin(_ id: String, takesInput: Bool) {
        tasks.withLock { tasks in
            tasks.append(Task { for await number in numbers { await send(number, to: id) } })
            if takesInput { tasks.append(Task { await sendInput(to: id) }) }
        }
    }

    /// The container has ended.
    func end() {
        continuation.finish()
        tasks.withLock { tasks in
            for task in tasks { task.cancel() }
            tasks = []
        }
    }

    private func send(_ number: Int32, to id: String) async {
        var request = GatewayRequest("POST", APIPattern.containerSignal.path(id))
        request.query = [("number", "\(number)")]
        if number == SIGWINCH || number == Self.redrawing {
            guard let size = TerminalMode.size() else { return }
            if number == Self.redrawing, size.rows < .max {
                _ = try? await client.exchange(Self.sizing(id, rows: size.rows + 1, columns: size.columns))
            }
            request = Self.sizing(id, rows: size.rows, columns: size.columns)
        }
        // A container that has ended accepts no signal; AttachedRun reports its end.
        _ = try? await client.exchange(request)
    }

    private static func sizing(_ id: String, rows: UInt16, columns: UInt16) -> GatewayRequest {
        var request = GatewayRequest("POST", APIPattern.containerSize.path(id))
        request.query = [("rows", "\(rows)"), ("columns", "\(columns)")]
        return request
    }

    /// Whether the keys were typed: the container runs on without this terminal.
    var isDetached: Bool { detachment.withLock { $0.isDone } }

    /// Sets what happens when the keys are typed.
    func onDetach(_ action: @escaping @Sendable () -> Void) {
        detachment.withLock { $0.onDetach = action }
    }

    private func sendInput(to id: String) async {
        while !Task.isCancelled {
            let bytes = await nextInput()
            guard !bytes.isEmpty else {
                let held = detaching.withLock { $0?.ended() } ?? []
                if !held.isEmpty, !(await send(Data(held), to: id)) { return }
                return _ = await send(Data(), to: id)
            }
            let typed = detaching.withLock { $0?.typed(bytes) } ?? DetachState.Typed(bytes: Array(bytes))
            // After the container's end input is discarded, as signals are.
            if !typed.bytes.isEmpty, !(await send(Data(typed.bytes), to: id)) { return }
            if typed.isDetached { return await detach(from: id) }
        }
    }

    /// Sends input, or with no bytes its end.
    ///
    /// - Returns: whether the container took them.
    private func send(_ bytes: Data, to id: String) async -> Bool {
        var request = GatewayRequest("POST", APIPattern.containerInput.path(id))
        // The container may read late.
        request.silenceSecondsMax = GatewayRequest.patienceSecondsMax
        request.content = .bytes(bytes, type: "application/octet-stream")
        if bytes.isEmpty { request.query = [("end", "true")] }
        guard let answer = try? await client.exchange(request) else { return false }
        return answer.head.isSuccess
    }

    /// The gateway is told first: it would end what has an attached caller only with that caller.
    private func detach(from id: String) async {
        // One that has ended meanwhile has nothing to detach from; AttachedStream reports its end.
        guard
            let answer = try? await client.exchange(
                GatewayRequest("POST", APIPattern.containerDetach.path(id))
            ),
            answer.head.isSuccess
        else { return }
        let action = detachment.withLock { detachment in
            detachment.isDone = true
            return detachment.onDetach
        }
        action?()
    }

    /// The next bytes of standard input; empty at its end.
    private func nextInput() async -> Data {
        await withCheckedContinuation { continuation in
            reading.async {
                var bytes = [UInt8](repeating: 0, count: Self.inputBytesMax)
                var count = -1
                repeat { count = read(STDIN_FILENO, &bytes, bytes.count) } while count < 0 && errno == EINTR
                continuation.resume(returning: Data(bytes.prefix(max(0, count))))
            }
        }
    }
}
