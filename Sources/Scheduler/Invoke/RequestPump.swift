// SPDX-License-Identifier: Apache-2.0
// Brings a request's body to stdin while the function runs. Dispatcher starts it and awaits its end.

import NIOCore

/// The body of one request on its way to stdin.
struct RequestPump: Sendable {
    /// A body that surely fits into an empty pipe, whatever the host's limits on pipes: one page, written
    /// before anybody reads output.
    static let inlineBytesMax = 4096

    private let task: Task<Void, Never>?

    /// Feeds stdin; returns as soon as everything is written or a task writes it.
    init(_ request: InvocationRequest, into running: RunningInvocation) async {
        switch request.body {
        case .none:
            running.sandbox.closeInput()
            task = nil
        case .whole(let bytes) where bytes.readableBytes <= Self.inlineBytesMax:
            if bytes.readableBytes > 0 { _ = await running.write(bytes) }
            running.sandbox.closeInput()
            task = nil
        case .whole(let bytes):
            task = Task {
                _ = await running.write(bytes)
                running.sandbox.closeInput()
            }
        case .stream(let pull):
            request.bodyMonitor?.onFailure { [weak running] in running?.stop(.body($0)) }
            task = Task { await Self.pump(pull, into: running) }
        }
    }

    /// The function has ended: what still comes is dropped.
    ///
    /// Returns when nobody reads the body any more.
    func ended() async {
        task?.cancel()
        await task?.value
    }

    private static func pump(
        _ pull: @Sendable (_ write: (ByteBuffer) async -> Bool) async throws -> Void,
        into running: RunningInvocation
    ) async {
        do {
            try await pull { await running.write($0) }
            running.sandbox.closeInput()
        } catch is RequestBodyTooLarge {
            running.stop(.bodyLimit)
        } catch let failure as RequestBodyFailure {
            running.stop(.body(failure))
        } catch {
            // The client went away in the middle of its request. Without effect when the function has ended.
            running.stop(.cancelled)
        }
    }
}
