// SPDX-License-Identifier: Apache-2.0
// How long a request may take to come: decisions without a timer. ConnectionHandler drives it.

import NIOCore

/// The time limits of a request that is not complete.
///
/// A head has one limit from its first byte. A body has one for each silence; only time counts in which the gateway
/// wants to read, so that a slow function is not taken for a slow client.
struct ReadWatch: Hashable, Sendable {
    /// Limits of one connection.
    struct Limits: Hashable, Sendable {
        var head: TimeAmount
        var body: TimeAmount
        /// Of archives, whose senders may be slow to make them.
        var upload: TimeAmount
    }

    enum Verdict: Hashable {
        case stalled
        /// Look again then.
        case wait(until: NIODeadline)
        /// Nothing is expected.
        case idle
    }

    private let limits: Limits
    private var headSince: NIODeadline?
    private var silentSince: NIODeadline?
    private var bodyLimit: TimeAmount

    init(_ limits: Limits) {
        self.limits = limits
        bodyLimit = limits.body
    }

    /// A request's head is complete; what follows is its body.
    mutating func bodyBegins(isUpload: Bool) {
        headSince = nil
        bodyLimit = isUpload ? limits.upload : limits.body
    }

    /// Bytes came, and were parsed up to this phase.
    mutating func received(_ phase: RequestParser.Phase, at now: NIODeadline) {
        silentSince = nil
        headSince = phase == .head ? headSince ?? now : nil
    }

    /// The gateway asks for bytes.
    mutating func asks(at now: NIODeadline) { silentSince = silentSince ?? now }

    /// Whether the client is late.
    func verdict(_ phase: RequestParser.Phase, at now: NIODeadline) -> Verdict {
        let deadline: NIODeadline
        switch phase {
        case .idle, .ended, .tunnel: return .idle
        case .head: deadline = (headSince ?? now) + limits.head
        case .body: deadline = (silentSince ?? now) + bodyLimit
        }
        return deadline <= now ? .stalled : .wait(until: deadline)
    }
}
