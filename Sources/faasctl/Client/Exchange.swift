// SPDX-License-Identifier: Apache-2.0
// One request on the wire, its answer as a stream of events. GatewayClient makes them.

import Foundation
import HTTPClient

/// What happens to a request, in order: one head, then pieces of the body.
enum ExchangeEvent: Sendable {
    case head(GatewayResponseHead)
    case bytes(Data)
}

/// Takes one request's answer.
///
/// Answers are taken as fast as they come: what the gateway may send is bounded by its own output limit. Redirects
/// and challenges are answers like others: credentials must not follow them elsewhere.
final class Exchange: BodySink {
    private let continuation: AsyncThrowingStream<ExchangeEvent, any Error>.Continuation
    let events: AsyncThrowingStream<ExchangeEvent, any Error>

    init() {
        (events, continuation) = AsyncThrowingStream.makeStream()
    }

    func begin(_ head: HTTPHead) -> Bool {
        continuation.yield(.head(GatewayResponseHead(status: head.status, headers: head.fields)))
        return true
    }

    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        continuation.yield(.bytes(Data(bytes)))
        return true
    }

    /// Sends the request and ends the events with its end.
    ///
    /// - Parameters:
    ///   - request: what to send.
    ///   - silenceSecondsMax: silence on the connection after which it has failed.
    func run(_ request: HTTPRequest, silenceSecondsMax: Double) async {
        let lane = HTTPLane(idleTimeoutSeconds: Int(silenceSecondsMax.rounded(.up)))
        switch await lane.perform(request, into: self) {
        case .success: continuation.finish()
        case .failure(let failure): continuation.finish(throwing: failure)
        }
    }
}
