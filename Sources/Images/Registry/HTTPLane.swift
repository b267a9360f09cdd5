// SPDX-License-Identifier: Apache-2.0
// One connection's worth of HTTP over URLSession: one exchange at a time. A transfer's worker owns one.

import Dispatch
import Foundation
import FoundationNetworking
import Synchronization

/// Sends requests one after the other.
///
/// Its answers' bodies go to a sink on libcurl's own thread, so a sink that
/// writes and hashes makes the sender wait: nothing piles up in memory.
final class HTTPLane: Sendable {
    private let delegate = LaneDelegate()
    private let idleTimeoutSeconds: Int
    private let session = Mutex<URLSession?>(nil)

    /// A transfer may take a week; silence is what ends it (see the idle timeout).
    static let transferSecondsMax = 7.0 * 24 * 3600

    init(idleTimeoutSeconds: Int) { self.idleTimeoutSeconds = idleTimeoutSeconds }

    deinit { retire() }

    /// Sends a request and streams the answer's body into the sink.
    ///
    /// Redirects and challenges are answers like any other. Cancelling the task ends the exchange.
    func perform(_ request: HTTPRequest, into sink: any BodySink) async -> Result<HTTPHead, TransportFailure>
    {
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let task = makeTask(request)
                delegate.begin(LaneExchange(task: task, sink: sink, waiter: waiter))
                task.resume()
                // The handler below may have run before there was anything to cancel.
                if Task.isCancelled { delegate.cancel() }
            }
        } onCancel: {
            delegate.cancel()
        }
        if outcome.leavesSessionBehind { retire() }
        return outcome.result
    }

    private func makeTask(_ request: HTTPRequest) -> URLSessionTask {
        var message = URLRequest(url: request.url, timeoutInterval: Double(idleTimeoutSeconds))
        message.httpMethod = request.method
        // Digests and ranges are of the bytes as stored.
        message.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
        message.setValue("mayfly", forHTTPHeaderField: "User-Agent")
        for (name, value) in request.fields { message.setValue(value, forHTTPHeaderField: name) }
        let session = currentSession()
        switch request.body {
        case .none: return session.dataTask(with: message)
        case .bytes(let data):
            message.httpBody = data
            return session.dataTask(with: message)
        case .file(let path): return session.uploadTask(with: message, fromFile: URL(fileURLWithPath: path))
        }
    }

    private func currentSession() -> URLSession {
        session.withLock { current in
            if let current { return current }
            let configuration = URLSessionConfiguration.ephemeral
            configuration.timeoutIntervalForRequest = Double(idleTimeoutSeconds)
            configuration.timeoutIntervalForResource = Self.transferSecondsMax
            configuration.urlCache = nil
            configuration.urlCredentialStorage = nil
            configuration.httpCookieStorage = nil
            configuration.httpShouldSetCookies = false
            let fresh = URLSession(
                configuration: configuration,
                delegate: delegate,
                delegateQueue: InlineQueue()
            )
            current = fresh
            return fresh
        }
    }

    /// Gives the session back; the next request makes a new one.
    private func retire() {
        guard let old = session.withLock({ $0.take() }) else { return }
        // Invalidating waits for the session's queue, which a callback of this very session may be on.
        DispatchQueue.global().async { old.invalidateAndCancel() }
    }
}

/// Runs what URLSession tells its delegate at once, on the thread that reads the connection.
///
/// The usual queue takes work without bound while a slow delegate lags behind, and suspending a task makes
/// this URLSession send the request anew; so the only way to slow a sender down is not to return.
// SAFETY: adds no state to a class that is safe from any thread; each session has a queue of its own and
// calls it from its one work queue, in order.
private final class InlineQueue: OperationQueue, @unchecked Sendable {
    override func addOperation(_ block: @escaping @Sendable () -> Void) { block() }
}
