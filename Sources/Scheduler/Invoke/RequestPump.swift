// SPDX-License-Identifier: Apache-2.0
// Copies a request's body to stdin while the function runs. Dispatcher starts it and awaits its end.

import NIOCore
import Sandbox
import SandboxHTTP
import Synchronization

/// Copies the body of one request to stdin.
struct RequestPump: Sendable {
    /// A body that always fits into an empty pipe, independent of the host's limits on pipes: one page, written
    /// before the output is read.
    static let inlineBytesMax = 4096

    private let task: Task<Void, Never>?
    /// Whether the whole body was passed on; nil where that was so from the start.
    private let completion: Completion?

    private final class Completion: Sendable {
        let isReached = Atomic(false)
    }

    /// Whether the function's server was sent the whole request.
    var isComplete: Bool { completion?.isReached.load(ordering: .acquiring) ?? true }

    /// Feeds stdin; returns as soon as everything is written or a task writes it.
    init(_ request: InvocationRequest, into running: RunningInvocation) async {
        completion = nil
        switch request.body {
        case .none:
            running.session.closeInput()
            task = nil
        case .whole(let bytes) where bytes.readableBytes <= Self.inlineBytesMax:
            if bytes.readableBytes > 0 { _ = await running.write(bytes) }
            running.session.closeInput()
            task = nil
        case .whole(let bytes):
            task = Task {
                _ = await running.write(bytes)
                running.session.closeInput()
            }
        case .stream(let pull):
            request.bodyMonitor?.onFailure { [weak running] in running?.session.stop($0.stopCause) }
            task = Task {
                await Self.pump(pull, into: running) {
                    await running.write($0)
                } end: {
                    running.session.closeInput()
                }
            }
        }
    }

    /// No body.
    init() {
        task = nil
        completion = nil
    }

    /// Feeds the body to a server that was started ahead; the connection carries the beginning already.
    ///
    /// - Parameters:
    ///   - request: of the call.
    ///   - connection: the request's head was sent on it, and a body that is here.
    ///   - running: counts, and is stopped when the body fails.
    init(_ request: InvocationRequest, into connection: ServerConnection, of running: RunningInvocation) {
        guard case .stream(let pull) = request.body else {
            task = nil
            completion = nil
            return
        }
        let completion = Completion()
        self.completion = completion
        request.bodyMonitor?.onFailure { [weak running] in running?.session.stop($0.stopCause) }
        task = Task {
            await Self.pump(pull, into: running) { bytes in
                guard await connection.write(bytes) else { return false }
                running.taken(bytes: bytes.readableBytes)
                return true
            } end: {
                connection.finish()
                completion.isReached.store(true, ordering: .releasing)
            }
        }
    }

    /// The function has ended: further input is dropped.
    ///
    /// Returns when the body has no reader any more.
    func ended() async {
        task?.cancel()
        await task?.value
    }

    private static func pump(
        _ pull: @Sendable (_ write: (ByteBuffer) async -> Bool) async throws -> Void,
        into running: RunningInvocation,
        _ write: @escaping @Sendable (ByteBuffer) async -> Bool,
        end: @Sendable () -> Void
    ) async {
        do {
            try await pull(write)
            end()
        } catch is RequestBodyTooLarge {
            running.session.stop(.inputLimit)
        } catch let failure as RequestBodyFailure {
            running.session.stop(failure.stopCause)
        } catch {
            // The client disconnected in the middle of its request. Without effect when the function has ended.
            running.session.stop(.cancelled)
        }
    }
}

extension RequestBodyFailure {
    /// Why the container is ended.
    fileprivate var stopCause: StopCause { self == .stalled ? .inputStalled : .inputMalformed }
}
