// SPDX-License-Identifier: Apache-2.0
// One request on the wire: URLSession's callbacks turned into a stream of events. GatewayClient makes them.

import Foundation
import FoundationNetworking
import Synchronization

/// What happens to a request, in order: one head, then pieces of the body.
enum ExchangeEvent: Sendable {
    case head(ResponseHead)
    case bytes(Data)
}

/// The delegate of one request's session.
///
/// Answers are taken as fast as they come: what the gateway may send is bounded by its own output limit.
final class Exchange: NSObject, URLSessionDataDelegate, Sendable {
    private let continuation: AsyncThrowingStream<ExchangeEvent, any Error>.Continuation
    let events: AsyncThrowingStream<ExchangeEvent, any Error>
    /// The body to send, taken once by the session.
    private let input: Mutex<InputBox?>

    /// A stream on its way from the command to the session.
    ///
    /// SAFETY: InputStream is not Sendable; it is handed over once, under the mutex, and the command does
    /// not touch it afterwards.
    struct InputBox: @unchecked Sendable {
        let stream: InputStream
    }

    init(input: InputStream?) {
        (events, continuation) = AsyncThrowingStream.makeStream()
        self.input = Mutex(input.map(InputBox.init(stream:)))
    }

    func urlSession(
        _ session: URLSession,
        dataTask: URLSessionDataTask,
        didReceive response: URLResponse,
        completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
    ) {
        guard let response = response as? HTTPURLResponse else { return completionHandler(.cancel) }
        var headers: [String: String] = [:]
        for (name, value) in response.allHeaderFields {
            headers["\(name)".lowercased()] = "\(value)"
        }
        continuation.yield(.head(ResponseHead(status: response.statusCode, headers: headers)))
        completionHandler(.allow)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        continuation.yield(.bytes(data))
    }

    func urlSession(
        _ session: URLSession,
        task: URLSessionTask,
        needNewBodyStream completionHandler: @escaping @Sendable (InputStream?) -> Void
    ) {
        completionHandler(input.withLock { $0.take() }?.stream)
    }

    /// Redirects are answers like others: credentials must not follow them elsewhere.
    func urlSession(
        _ session: URLSession,
        task: URLSessionTask,
        willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest,
        completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }

    /// Takes a 401 with a challenge as the answer.
    ///
    /// Head and body have arrived by now. This URLSession then waits for credentials for ever when the request
    /// has a stream for a body, whatever it is told; its owner throws it away.
    func urlSession(
        _ session: URLSession,
        task: URLSessionTask,
        didReceive challenge: URLAuthenticationChallenge,
        completionHandler: @escaping @Sendable (URLSession.AuthChallengeDisposition, URLCredential?) -> Void
    ) {
        continuation.finish()
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        continuation.finish(throwing: error)
    }
}
