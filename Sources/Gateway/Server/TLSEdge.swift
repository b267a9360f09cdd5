// SPDX-License-Identifier: Apache-2.0
// TLS of a listener's connections: their handlers, and what is counted of failures. GatewayChannel asks it for
// handlers, MetricsAPI for its text.

import Contracts
import Logging
import NIOCore
import Synchronization
import TLS

/// The certificates of a listener, and how connections failed.
final class TLSEdge: Sendable {
    /// Why connections failed, as the metric names it.
    enum Reason: String, CaseIterable {
        case timeout, ended, refused, record

        init(_ failure: TLSFailure) {
            self =
                switch failure {
                case .slowHandshake: .timeout
                case .brokenHandshake: .ended
                case .handshake: .refused
                case .record, .unreadAnswers, .heldBytes, .closed: .record
                }
        }
    }

    private let server: TLSServer
    private let logger: Logger
    private let counts = Mutex<[Reason: Int]>([:])

    init(_ server: TLSServer, logger: Logger) {
        self.server = server
        self.logger = logger
    }

    /// Puts TLS first into a connection's pipeline.
    ///
    /// - Throws: ``TLSError`` when memory is gone.
    func addHandlers(to channel: any Channel, _ connection: Connection) throws {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(server.makeHandler())
        try pipeline.addHandler(TLSFailureHandler(self, connection))
    }

    /// A connection failed.
    func failed(_ failure: TLSFailure, peer: String) {
        let reason = Reason(failure)
        counts.withLock { $0[reason, default: 0] += 1 }
        logger.debug(
            "a TLS connection failed",
            metadata: [
                "peer": "\(peer)", "reason": "\(reason.rawValue)",
                "failure": "\(failure)",
            ]
        )
    }

    /// The lines of the Prometheus page.
    func writeMetrics(to page: inout MetricsText) {
        let total = "mayfly_tls_failures_total"
        page.family(total, .counter, "TLS connections that failed.")
        let counts = counts.withLock { $0 }
        for reason in Reason.allCases {
            page.sample(total, "reason=\"\(reason.rawValue)\"", counts[reason] ?? 0)
        }
        let expiry = "mayfly_tls_certificate_expiry_timestamp_seconds"
        page.family(expiry, .gauge, "When the first certificate in use expires.")
        page.sample(expiry, "", Int(server.earliestExpirySeconds))
    }
}

/// Reports what TLSHandler fires, and passes it on.
private final class TLSFailureHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let edge: TLSEdge
    /// Knows the client also behind a proxy.
    private let connection: Connection

    init(_ edge: TLSEdge, _ connection: Connection) {
        self.edge = edge
        self.connection = connection
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let failure = error as? TLSFailure { edge.failed(failure, peer: connection.peer.remoteAddress) }
        context.fireErrorCaught(error)
    }
}

@available(*, unavailable)
extension TLSFailureHandler: Sendable {}
