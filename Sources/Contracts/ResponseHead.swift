// SPDX-License-Identifier: Apache-2.0
// The head of a function's answer, as its contract reads it from the function's output.

package import HTTPTypes

/// Status and fields of an answer; the edge adds its own fields.
package struct ResponseHead: Hashable, Sendable {
    /// An HTTP status, 200 to 599; or 101, behind which the bytes are those of another protocol.
    package var status: Int
    package var fields: HTTPFields
    /// The length of the body, where it cannot be another: the transfer breaks off otherwise; nil where it shows at
    /// the end only.
    package var bodyBytes: Int?
    /// Names of fields that may follow the body.
    package var trailerNames: [String] = []

    package init(status: Int = 200, fields: HTTPFields = HTTPFields()) {
        self.status = status
        self.fields = fields
    }

    /// Whether bytes may follow the head (RFC 9112, section 6.3).
    ///
    /// A client takes whatever follows a 204 or 304 for the next response on the connection.
    package var hasContent: Bool { status != 204 && status != 304 }

    /// The rule that a complete body of this length violates; nil when there is none.
    ///
    /// A HEAD request's body is not written, and 304 has the length of the body that a 200 would have (RFC 9110,
    /// section 8.6).
    package func fault(bodyBytes: Int, of method: HTTPRequest.Method) -> ResponseFault? {
        guard method != .head, status != 304, let declared = fields[.contentLength] else { return nil }
        return Int(declared) == bodyBytes ? nil : .length
    }
}

/// The result of reading a function's output so far.
package enum ResponseEvent: Hashable, Sendable {
    /// The head is not whole yet.
    case incomplete
    /// The head, and the output behind it.
    case begins(ResponseHead)
    /// The gateway serves this path and query instead (RFC 3875, section 6.2.2); starts with `/`.
    case localRedirect(String)
    /// The output violates the contract.
    case malformed(ResponseFault)
}

/// A rule of the contract that a function's output violates.
package enum ResponseFault: String, Error, Hashable, Sendable {
    case headTooLarge = "its header is larger than 64 KiB"
    case headIncomplete = "its output ended before the empty line behind the header"
    case line = "a line of its header is not 'Name: value'"
    case status = "its Status is not a number from 200 to 599"
    case duplicate = "Status, Location or Content-Type is there twice"
    case noField = "its header has none of Content-Type, Location and Status"
    case location = "its Location is neither a path nor an absolute URI"
    case length = "its Content-Length differs from the length of its body"
    case framing = "its header names a Transfer-Encoding"
    case noAnswer = "it closed the connection without an answer"
    case cutAnswer = "it closed the connection inside its answer"
    case notHTTP = "its answer is not HTTP/1.1"
    case unreachable = "it accepts no connection"
    case unanswered = "its runtime asked for the next invocation before it answered this one"
    case payloadTooLarge = "its response is larger than 6 MiB and not streamed"
    case strayRequests = "its runtime makes only requests that are refused"
    case notJSON = "its response is not JSON"
    case badResponseForm = "a member of its response, such as statusCode or body, has the wrong type"
    case statusCode = "its statusCode is not a number from 200 to 599"
    case badField = "a name or value in its headers or cookies cannot be a header field"
    case badBase64 = "its body is not Base64, which isBase64Encoded says"
    case noPrelude = "its streamed response does not begin with JSON and eight NUL bytes"
    case failedInside = "it reported an error inside its streamed response"
}
