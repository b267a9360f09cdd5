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
    /// Signals that wait for the container's start.
    private let numbers: AsyncStream<Int32>
    private let continuation: AsyncStream<Int32>.Continuation
    private let tasks = Mutex<[Task<Void, Never>]>([])
    /// Reading blocks, so it has a thread of its own, which ends with the process.
    private let reading = DispatchQueue(label: "standard-input")

    init(client: GatewayClient) {
        self.client = client
        (numbers, continuation) = AsyncStream<Int32>.makeStream()
    }

    /// A signal arrived; SIGWINCH means that the terminal's size changed.
    func signal(_ number: Int32) { continuation.yield(number) }

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
        if number == SIGWINCH {
            guard let size = TerminalMode.size() else { return }
            request = GatewayRequest("POST", APIPattern.containerSize.path(id))
            request.query = [("rows", "\(size.rows)"), ("columns", "\(size.columns)")]
        }
        // A container that has ended accepts no signal; AttachedRun reports its end.
        _ = try? await client.exchange(request)
    }

    private func sendInput(to id: String) async {
        while !Task.isCancelled {
            let bytes = await nextInput()
            var request = GatewayRequest("POST", APIPattern.containerInput.path(id))
            // The container may read late.
            request.silenceSecondsMax = GatewayRequest.patienceSecondsMax
            request.content = .bytes(bytes, type: "application/octet-stream")
            if bytes.isEmpty { request.query = [("end", "true")] }
            // After the container's end input is discarded, as signals are.
            guard let answer = try? await client.exchange(request), answer.head.isSuccess else { return }
            if bytes.isEmpty { return }
        }
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
