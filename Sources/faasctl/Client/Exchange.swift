// SPDX-License-Identifier: Apache-2.0
// One HTTP request, with its answer as a stream of events. GatewayClient makes them.

import Foundation
import HTTPClient

/// The events of an answer, in order: one head, then pieces of the body.
enum ExchangeEvent: Sendable {
    case head(GatewayResponseHead)
    case bytes(Data)
}

/// Receives one request's answer.
///
/// Answers are read without a pause: the gateway's own output limit bounds them. Redirects
/// and challenges are not followed, so that credentials reach no other host.
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
    ///   - request: the request.
    ///   - silenceSecondsMax: seconds without a byte after which the exchange fails.
    func run(_ request: HTTPRequest, silenceSecondsMax: Double) async {
        let lane = HTTPLane(idleTimeoutSeconds: Int(silenceSecondsMax.rounded(.up)))
        switch await lane.perform(request, into: self) {
        case .success: continuation.finish()
        case .failure(let failure): continuation.finish(throwing: failure)
        }
    }
}
