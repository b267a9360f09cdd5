// SPDX-License-Identifier: Apache-2.0
// An accepted connection between its set-up and its loop of requests. GatewayChannel makes and takes one.

import NIOCore
import Synchronization

/// Closes the connection where no loop takes it.
///
/// A server that ends drops what it has accepted and not yet served; NIO ends the process when a channel's writer is
/// dropped without its end.
final class ExchangeHandover: Sendable {
    private let exchange: Mutex<HTTPExchange?>

    init(_ exchange: HTTPExchange) { self.exchange = Mutex(exchange) }

    /// The exchange, once; the caller ends it.
    func take() -> HTTPExchange? {
        exchange.withLock { exchange in
            defer { exchange = nil }
            return exchange
        }
    }

    deinit {
        guard let left = take() else { return }
        // Ends its writer and closes the channel; an error says that the channel is closed already.
        Task { try? await left.parts.executeThenClose { _, _ in } }
    }
}
