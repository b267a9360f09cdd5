// SPDX-License-Identifier: Apache-2.0
// One connection's worth of HTTP over libcurl: one exchange at a time. A transfer's worker owns one.

import CCurl
import Foundation
import Synchronization

/// Sends requests one after the other.
///
/// Its answers' bodies go to a sink on the exchange's own thread, so a sink that
/// writes and hashes makes the sender wait: nothing piles up in memory.
package final class HTTPLane: Sendable {
    private let connections: CurlConnections
    private let idleTimeoutSeconds: Int

    /// A transfer may take a week; silence is what ends it (see the idle timeout).
    static let transferSecondsMax = 7 * 24 * 3600
    /// Fewer bytes per second, for as long as the idle timeout, count as silence: a sender of single bytes would
    /// hold a transfer for ever.
    static let bytesPerSecondMin = 64

    /// - Parameter idleTimeoutSeconds: silence after which an exchange has failed.
    package init(idleTimeoutSeconds: Int) {
        connections = CurlConnections()
        self.idleTimeoutSeconds = idleTimeoutSeconds
    }

    /// Sends a request and streams the answer's body into the sink.
    ///
    /// Redirects and challenges are answers like any other. Cancelling the task ends the exchange.
    package func perform(
        _ request: HTTPRequest,
        into sink: any BodySink
    ) async -> Result<HTTPHead, TransportFailure> {
        let connections = connections
        let exchange = CurlExchange(request, sink)
        let idleSeconds = idleTimeoutSeconds
        return await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                // The thread waits for the network most of its time: it belongs to no pool.
                Thread.detachNewThread {
                    waiter.resume(returning: connections.run(exchange, idleSeconds: idleSeconds))
                }
            }
        } onCancel: {
            exchange.cancel()
            connections.wake()
        }
    }
}

/// A libcurl multi handle, which keeps connections for the next exchange.
// SAFETY: one thread at a time drives it, because a lane has one exchange at a time, held by `turn`; only
// `wake` is called from others, which libcurl allows for this one function.
private final class CurlConnections: @unchecked Sendable {
    private let multi: UnsafeMutableRawPointer
    private let turn = Mutex(())

    /// Waits end by themselves after this many milliseconds; a wake ends them earlier.
    private static let waitMilliseconds: Int32 = 1000

    init() {
        // Once per process, before any other thread uses it.
        _ = Self.global
        guard let multi = curl_multi_init() else { preconditionFailure("libcurl has no memory for a handle") }
        self.multi = multi
    }

    /// Until something can go on, or it is time to look around.
    private func wait(_ source: CurlSource, _ request: CurlRequest) {
        guard let descriptor = source.awaited else {
            curl_multi_poll(multi, nil, 0, Self.waitMilliseconds, nil)
            return
        }
        var input = curl_waitfd(fd: descriptor, events: Int16(CURL_WAIT_POLLIN), revents: 0)
        curl_multi_poll(multi, &input, 1, Self.waitMilliseconds, nil)
        if source.isReady() { curl_easy_pause(request.handle, CURLPAUSE_CONT) }
    }

    private static let global = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

    deinit { curl_multi_cleanup(multi) }

    /// Ends a wait, so that a cancelled exchange is noticed.
    func wake() { curl_multi_wakeup(multi) }

    /// Runs one exchange to its end.
    ///
    /// Blocks.
    func run(_ exchange: CurlExchange, idleSeconds: Int) -> Result<HTTPHead, TransportFailure> {
        turn.withLock { _ in
            guard let request = CurlRequest(exchange, idleSeconds: idleSeconds) else {
                return .failure(TransportFailure(kind: .broken, reason: "no memory for a request"))
            }
            curl_multi_add_handle(multi, request.handle)
            defer { curl_multi_remove_handle(multi, request.handle) }
            var running: Int32 = 0
            while !exchange.isCancelled {
                guard curl_multi_perform(multi, &running) == CURLM_OK else { break }
                let result = ccurl_result(multi)
                if result >= 0 {
                    let code = CURLcode(UInt32(result))
                    return exchange.outcome(code, said: request.reason, peer: request.peer)
                }
                wait(exchange.source, request)
            }
            return exchange.outcome(CURLE_ABORTED_BY_CALLBACK, said: "")
        }
    }
}
