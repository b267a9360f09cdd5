// SPDX-License-Identifier: Apache-2.0
// What is wrong with a request on the wire. RequestParser finds it, ConnectionHandler reports it, Edge answers it.

import FunctionModel

/// A request that cannot be served, independent of its path.
enum RequestRefusal: Error, Hashable, Sendable {
    case malformed(Mistake)
    /// A transfer coding other than `chunked`.
    case unknownCoding
    case unknownVersion
    /// This server is no tunnel.
    case connect
    case targetTooLong(max: Int)
    case fieldTooLarge(max: Int)
    case headTooLarge(max: Int)
    case tooManyFields(max: Int)
    /// Head or body was not complete in time.
    case stalled
    /// The client ended its side in the middle of the request.
    case brokenOff

    /// Rules of RFC 9110 and 9112 by what breaks them.
    enum Mistake: String, Hashable, Sendable {
        case requestLine = "the request line is malformed"
        case lineEnd = "a line does not end with CR LF"
        case controlByte = "a header field holds a control character"
        case fieldName = "a header field's name is malformed"
        case host = "there must be exactly one Host field, and it must be a host name with an optional port"
        case target = "the request target is malformed"
        case contentLength = "Content-Length is not a single number"
        case bothLengths = "Content-Length and Transfer-Encoding exclude each other"
        case transferEncoding = "'chunked' must be the last transfer coding, once, of an HTTP/1.1 request"
        case chunk = "the chunked body is malformed"
        case trailer = "the chunked body's trailer section is malformed"
    }
}

extension Problem {
    /// The answer to a request that is no proper one.
    init(_ refusal: RequestRefusal) {
        switch refusal {
        case .malformed(let mistake): self.init(400, .malformedRequest, mistake.rawValue)
        case .unknownCoding:
            self.init(501, .notImplemented, "'chunked' is the only transfer coding that is implemented")
        case .unknownVersion: self.init(505, .unknownVersion, "this gateway supports HTTP/1.0 and HTTP/1.1")
        case .connect:
            self.init(501, .notImplemented, "this gateway is not a proxy and does not implement CONNECT")
        case .targetTooLong(let max):
            self.init(414, .targetTooLong, "the request target is longer than \(ByteCount(bytes: max))")
        case .fieldTooLarge(let max):
            self.init(431, .fieldsTooLarge, "a header field is larger than \(ByteCount(bytes: max))")
        case .headTooLarge(let max):
            self.init(
                431,
                .fieldsTooLarge,
                "the header fields together are larger than \(ByteCount(bytes: max))"
            )
        case .tooManyFields(let max):
            self.init(431, .fieldsTooLarge, "there are more than \(max) header fields")
        case .stalled: self.init(408, .requestTimeout, "the request was not complete in time")
        case .brokenOff:
            self.init(400, .malformedRequest, "the connection was closed before the request was complete")
        }
    }
}
