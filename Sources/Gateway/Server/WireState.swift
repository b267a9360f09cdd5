// SPDX-License-Identifier: Apache-2.0
// What one HTTP/1 connection has to remember between messages. ConnectionHandler drives it.

/// Keep-alive, framing and loss of one connection.
///
/// Pure: no channel, no clock.
struct WireState: ~Copyable {
    /// Requests whose answers are not complete; pipelined ones wait behind the first.
    private var open: [RequestForm] = []
    private var closesAfterResponse = false
    private var headerOverflow = false
    private var isLost = false

    private struct RequestForm {
        var isHTTP10: Bool
        var keepsAlive: Bool
    }

    /// A request head came.
    ///
    /// - Parameters:
    ///   - isHTTP10: whether the client spoke HTTP/1.0.
    ///   - keepsAlive: whether it asked to keep the connection (RFC 9112, section 9.3).
    /// - Returns: whether the head must say `Connection: close`, whatever the client's spelling was.
    mutating func requestHead(isHTTP10: Bool, keepsAlive: Bool) -> Bool {
        open.append(RequestForm(isHTTP10: isHTTP10, keepsAlive: keepsAlive))
        return !keepsAlive
    }

    /// The request could not be read because its header fields were too large.
    mutating func headerOverflowed() { headerOverflow = true }

    /// How a response head goes out.
    struct ResponseHead: Hashable {
        var isHTTP10: Bool
        /// Value of the Connection field, nil to send none.
        var connection: String?
        /// Replaces the 400 of an unreadable request whose fields were too large.
        var isHeaderOverflow: Bool
    }

    /// A final response head goes out.
    ///
    /// - Parameters:
    ///   - asksToClose: whether the head says `Connection: close` already.
    ///   - hasLength: whether it has a Content-Length; HTTP/1.0 can keep alive only then.
    /// - Returns: what to change in it.
    mutating func responseHead(asksToClose: Bool, hasLength: Bool) -> ResponseHead {
        let overflow = headerOverflow
        headerOverflow = false
        let request = open.first ?? RequestForm(isHTTP10: false, keepsAlive: true)
        closesAfterResponse =
            asksToClose || !request.keepsAlive || overflow || (request.isHTTP10 && !hasLength)
        let connection = closesAfterResponse ? "close" : request.isHTTP10 ? "keep-alive" : nil
        return ResponseHead(isHTTP10: request.isHTTP10, connection: connection, isHeaderOverflow: overflow)
    }

    /// A response is complete.
    ///
    /// - Returns: whether the connection ends with it.
    mutating func responseEnd() -> Bool {
        if !open.isEmpty { open.removeFirst() }
        return closesAfterResponse
    }

    /// The client closed its side, or the connection broke.
    ///
    /// A client that half-closes while it waits for its answer counts as gone: browsers, proxies and libraries
    /// close both sides, and a function must not run on for nobody.
    /// - Returns: whether somebody must be told, once.
    mutating func inputClosed() -> Bool {
        guard !open.isEmpty, !isLost else { return false }
        isLost = true
        return true
    }
}
