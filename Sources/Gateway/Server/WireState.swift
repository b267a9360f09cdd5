// SPDX-License-Identifier: Apache-2.0
// What one HTTP/1 connection has to remember between messages. ConnectionHandler drives it.

/// Keep-alive, framing and loss of one connection.
///
/// Pure: no channel, no clock.
struct WireState: ~Copyable {
    /// Requests whose answers are not complete; pipelined ones wait behind the first.
    private var open: [RequestForm] = []
    private var closesAfterResponse = false
    /// The head of the first open request's answer has gone out.
    private var isAnswering = false
    /// No further request can be read.
    private var hasFailed = false
    private var isLost = false

    private struct RequestForm {
        var isHTTP10: Bool
        var keepsAlive: Bool
        var endsWithInput = false
    }

    /// A request head came.
    ///
    /// - Parameters:
    ///   - isHTTP10: whether the client spoke HTTP/1.0.
    ///   - keepsAlive: whether it asked to keep the connection (RFC 9112, section 9.3).
    ///   - endsWithInput: whether its answer may be quiet for ever, so that the end of the client's side must end it.
    mutating func requestHead(isHTTP10: Bool, keepsAlive: Bool, endsWithInput: Bool = false) {
        open.append(
            RequestForm(isHTTP10: isHTTP10, keepsAlive: keepsAlive, endsWithInput: endsWithInput)
        )
    }

    /// The rest of a request cannot be read: the connection ends with the last open answer.
    mutating func readingFailed() { hasFailed = true }

    /// How a response head goes out.
    struct HeadForm: Hashable {
        var isHTTP10: Bool
        /// Value of the Connection field, nil to send none.
        var connection: String?
    }

    /// A final response head goes out.
    ///
    /// - Parameters:
    ///   - asksToClose: whether the head says `Connection: close` already.
    ///   - hasLength: whether it has a Content-Length; HTTP/1.0 can keep alive only then.
    ///   - isEventStream: may be quiet for ever: the end of the client's side ends it.
    /// - Returns: what to change in it.
    mutating func responseHead(
        asksToClose: Bool,
        hasLength: Bool,
        isEventStream: Bool = false
    ) -> HeadForm {
        isAnswering = true
        if isEventStream, !open.isEmpty { open[0].endsWithInput = true }
        let request = open.first ?? RequestForm(isHTTP10: false, keepsAlive: true)
        closesAfterResponse =
            asksToClose || !request.keepsAlive || hasFailed && open.count <= 1
            || request.isHTTP10 && !hasLength
        let connection = closesAfterResponse ? "close" : request.isHTTP10 ? "keep-alive" : nil
        return HeadForm(isHTTP10: request.isHTTP10, connection: connection)
    }

    /// A response is complete.
    ///
    /// - Returns: whether the connection ends with it.
    mutating func responseEnd() -> Bool {
        isAnswering = false
        if !open.isEmpty { open.removeFirst() }
        return closesAfterResponse
    }

    /// Whether a request was read whose answer is not complete.
    var awaitsAnswer: Bool { !open.isEmpty && !isLost }

    /// Whether the request that is being read is the one that is being served.
    var readsServedRequest: Bool { open.count == 1 }

    /// Whether an informational head may be sent now: the answer has not begun, and the client knows such heads.
    var takesInformation: Bool { !isAnswering && open.first?.isHTTP10 == false }

    /// Whether the current answer ends when the client closes its sending side.
    var answerEndsWithInput: Bool { isAnswering && open.first?.endsWithInput == true }

    /// The connection broke, or the client ended it in the middle of a request.
    ///
    /// - Returns: whether the callback must be called, once.
    mutating func lost() -> Bool {
        guard awaitsAnswer else { return false }
        isLost = true
        return true
    }
}
