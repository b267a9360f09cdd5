// SPDX-License-Identifier: Apache-2.0
// What URLSession tells about a lane's one exchange, turned into one result. HTTPLane owns it.

import Dispatch
import Foundation
import FoundationNetworking
import Synchronization

/// How an exchange ended.
struct LaneOutcome: Sendable {
    var result: Result<HTTPHead, TransportFailure>
    /// The session still holds a task that never completes by itself.
    var leavesSessionBehind = false
}

/// An exchange under way.
struct LaneExchange: Sendable {
    let task: URLSessionTask
    let sink: any BodySink
    let waiter: CheckedContinuation<LaneOutcome, Never>
    var head: HTTPHead?
    var isDeclined = false
}

/// Called by URLSession on its work queue, and by the lane.
final class LaneDelegate: NSObject, URLSessionDataDelegate {
    private let exchange = Mutex<LaneExchange?>(nil)

    func begin(_ next: LaneExchange) { exchange.withLock { $0 = next } }

    /// Ends the exchange from any thread.
    func cancel() {
        guard let task = exchange.withLock({ $0?.task }) else { return }
        // Cancelling waits for the work queue, which we may be on.
        DispatchQueue.global().async { task.cancel() }
    }

    private func finish(_ task: URLSessionTask, leavesSessionBehind: Bool, _ failure: TransportFailure?) {
        let ended: LaneExchange? = exchange.withLock { current in
            guard current?.task === task else { return nil }
            return current.take()
        }
        guard let ended else { return }
        let result: Result<HTTPHead, TransportFailure>
        if ended.isDeclined {
            result = .failure(TransportFailure(kind: .declined, reason: "not wanted"))
        } else if let failure {
            result = .failure(failure)
        } else if let head = ended.head {
            result = .success(head)
        } else {
            result = .failure(TransportFailure(kind: .broken, reason: "an answer without a head"))
        }
        let outcome = LaneOutcome(result: result, leavesSessionBehind: leavesSessionBehind)
        ended.waiter.resume(returning: outcome)
    }

    private func decline(_ task: URLSessionTask) {
        exchange.withLock { current in
            if current?.task === task { current?.isDeclined = true }
        }
        DispatchQueue.global().async { task.cancel() }
    }

    /// Notes the head and asks the sink; the body is streamed afterwards.
    func urlSession(
        _ session: URLSession,
        dataTask: URLSessionDataTask,
        didReceive response: URLResponse,
        completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
    ) {
        if let head = Self.head(of: response) {
            let sink = exchange.withLock { current -> (any BodySink)? in
                guard current?.task === dataTask else { return nil }
                current?.head = head
                return current?.sink
            }
            // A redirect or challenge is followed by someone who does not want its body in the sink's file.
            if let sink, !sink.begin(head) { decline(dataTask) }
        }
        completionHandler(.allow)
    }

    /// Passes the body on while it is wanted.
    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        let sink = exchange.withLock { current -> (any BodySink)? in
            guard let current, current.task === dataTask, !current.isDeclined else { return nil }
            return current.sink
        }
        guard let sink else { return }
        if !data.withUnsafeBytes({ sink.receive($0) }) { decline(dataTask) }
    }

    /// Takes the redirect itself as the answer.
    func urlSession(
        _ session: URLSession,
        task: URLSessionTask,
        willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest,
        completionHandler: @escaping (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }

    /// Takes a 401 with a Basic challenge as the answer.
    ///
    /// Head and body have arrived by now. This URLSession then waits for credentials for ever, whatever it is
    /// told, so the lane throws the session away.
    func urlSession(
        _ session: URLSession,
        task: URLSessionTask,
        didReceive challenge: URLAuthenticationChallenge,
        completionHandler: @escaping (URLSession.AuthChallengeDisposition, URLCredential?) -> Void
    ) {
        finish(task, leavesSessionBehind: true, nil)
    }

    /// The end of an exchange, good or bad.
    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        finish(task, leavesSessionBehind: false, error.map(Self.failure))
    }

    private static func head(of response: URLResponse) -> HTTPHead? {
        guard let response = response as? HTTPURLResponse, let url = response.url else { return nil }
        var fields: [String: String] = [:]
        for (name, value) in response.allHeaderFields {
            fields["\(name)".lowercased()] = "\(value)"
        }
        return HTTPHead(status: response.statusCode, fields: fields, url: url)
    }

    private static func failure(_ error: any Error) -> TransportFailure {
        let error = error as NSError
        let underlying = error.userInfo[NSUnderlyingErrorKey] as? NSError
        let reason = (underlying ?? error).localizedDescription
        switch URLError.Code(rawValue: error.code) {
        case .cancelled: return TransportFailure(kind: .cancelled, reason: "cancelled")
        case .timedOut: return TransportFailure(kind: .broken, reason: "no answer in time")
        case .cannotFindHost, .dnsLookupFailed, .cannotConnectToHost, .secureConnectionFailed,
            .serverCertificateHasBadDate, .serverCertificateUntrusted, .serverCertificateHasUnknownRoot,
            .notConnectedToInternet, .unsupportedURL, .badURL:
            return TransportFailure(kind: .unreachable, reason: reason)
        default: return TransportFailure(kind: .broken, reason: reason)
        }
    }
}
