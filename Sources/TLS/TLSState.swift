// SPDX-License-Identifier: Apache-2.0
// What a TLS connection does about each event: decisions without IO. TLSHandler drives it.

/// The life of one server connection.
struct TLSState: ~Copyable {
    private enum Phase {
        /// Nothing but handshake messages may pass.
        case handshaking
        /// Application data passes both ways, as far as its direction is open.
        case open
        /// Our close_notify is sent: nothing more goes out, the client may still send.
        case closing
        /// Nothing passes any more, after an error or the end.
        case ended
    }

    private var phase = Phase.handshaking
    /// The client's close_notify or the end of its TCP stream was reported.
    private var hasInputEnded = false
    /// Plaintext that was written before it could be encrypted.
    private var heldBytes = 0
    private let heldBytesMax: Int
    /// Bytes that the protocol itself answered since the client last took everything.
    private var unreadAnswerBytes = 0
    private let unreadAnswerBytesMax: Int

    /// Begins with the handshake.
    ///
    /// - Parameters:
    ///   - heldBytesMax: plaintext that may wait for the end of the handshake, or for a flush.
    ///   - unreadAnswerBytesMax: alerts and key updates that may wait for a client that does not read.
    init(heldBytesMax: Int, unreadAnswerBytesMax: Int) {
        self.heldBytesMax = heldBytesMax
        self.unreadAnswerBytesMax = unreadAnswerBytesMax
    }

    /// Which of OpenSSL's operations bytes of the client go to.
    enum Received: Hashable { case handshake, plaintext, drop }

    /// Bytes came from the client.
    func received() -> Received {
        switch phase {
        case .handshaking: .handshake
        case .open, .closing: hasInputEnded ? .drop : .plaintext
        case .ended: .drop
        }
    }

    /// The handshake is complete.
    ///
    /// - Returns: whether to report it; false after the end.
    mutating func handshakeCompleted() -> Bool {
        guard case .handshaking = phase else { return false }
        phase = .open
        return true
    }

    enum Failed: Hashable {
        /// Send what OpenSSL wrote, which is the alert, report the failure and close.
        case report
        case none
    }

    /// OpenSSL refused what came, or the driver found a bound exceeded.
    mutating func failed() -> Failed {
        if case .ended = phase { return .none }
        phase = .ended
        return .report
    }

    /// The time for the handshake is over.
    ///
    /// - Returns: whether the connection fails.
    mutating func handshakeTimeExpired() -> Bool {
        guard case .handshaking = phase else { return false }
        phase = .ended
        return true
    }

    enum InputEnded: Hashable {
        /// Report the end of the client's side.
        case report
        /// Report a failure and close: there is no connection yet.
        case fail
        case none
    }

    /// The client sent close_notify, or closed its side of the TCP connection.
    ///
    /// A server has to accept an end without close_notify; what HTTP's framing says is missing is missing (RFC 9112,
    /// section 9.8).
    mutating func inputEnded() -> InputEnded {
        switch phase {
        case .handshaking:
            phase = .ended
            return .fail
        case .open, .closing:
            guard !hasInputEnded else { return .none }
            hasInputEnded = true
            return .report
        case .ended: return .none
        }
    }

    enum Written: Hashable {
        case hold
        /// Refuse this write; the connection fails.
        case tooMuch
        /// Refuse this write: the output is closed.
        case closed
    }

    /// The application wrote plaintext, without a flush yet.
    mutating func written(_ bytes: Int) -> Written {
        switch phase {
        case .handshaking, .open:
            // One write may be any answer that is whole: what waits with it is bounded.
            guard heldBytes == 0 || heldBytes + bytes <= heldBytesMax else { return .tooMuch }
            heldBytes += bytes
            return .hold
        case .closing, .ended: return .closed
        }
    }

    /// Whether held plaintext can be encrypted now.
    var canEncrypt: Bool { if case .open = phase { true } else { false } }

    /// Held plaintext was encrypted or given up.
    mutating func released(_ bytes: Int) { heldBytes = max(0, heldBytes - bytes) }

    enum OutputClosed: Hashable {
        /// close_notify is sent, behind what was held: close this direction.
        case notified
        /// There is no connection to end: close both directions.
        case closeAll
        case none
    }

    /// The application closes its sending side.
    mutating func outputClosed() -> OutputClosed {
        switch phase {
        case .handshaking:
            phase = .ended
            return .closeAll
        case .open:
            phase = .closing
            return .notified
        case .closing, .ended: return .none
        }
    }

    /// The application closes the connection.
    ///
    /// - Returns: whether to send close_notify before.
    mutating func closed() -> Bool {
        defer { phase = .ended }
        if case .open = phase { return true }
        return false
    }

    /// The TCP connection is gone.
    ///
    /// - Returns: whether that is a failure to report: the handshake was not complete.
    mutating func lost() -> Bool {
        defer { phase = .ended }
        if case .handshaking = phase { return true }
        return false
    }

    /// Whether an idle gateway may close it: no request can have been received.
    var isHandshaking: Bool { if case .handshaking = phase { true } else { false } }

    /// OpenSSL wrote bytes although the application did not.
    ///
    /// - Parameters:
    ///   - bytes: their count.
    ///   - isTaken: whether the client has taken what was sent before.
    /// - Returns: whether they are within the bound.
    mutating func answered(_ bytes: Int, isTaken: Bool) -> Bool {
        unreadAnswerBytes = isTaken ? 0 : unreadAnswerBytes + bytes
        return unreadAnswerBytes <= unreadAnswerBytesMax
    }
}
