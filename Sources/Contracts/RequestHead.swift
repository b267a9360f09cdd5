// SPDX-License-Identifier: Apache-2.0
// The typed head of one request, from the trigger that made it to the contract that passes it on.

package import HTTPTypes

/// Everything that is known of a request besides its body.
///
/// The HTTP edge makes it from a client's request, the cron service from a schedule.
package struct RequestHead: Sendable {
    /// The two ends of the connection that the request came on; empty and nil where there is none.
    package struct Peer: Hashable, Sendable {
        package var remoteAddress = ""
        package var remotePort: Int?
        package var localAddress = ""
        package var localPort: Int?

        package init() {}
    }

    /// How long the body is, as far as the head says it.
    package enum BodyLength: Hashable, Sendable {
        case none
        case bytes(Int)
        /// It ends when its sender says so (`Transfer-Encoding: chunked`).
        case unknown
    }

    package var method: HTTPRequest.Method
    /// As the client sent it (RFC 9112, section 3.2).
    package var target: String
    /// The part of the path that chose the function; SCRIPT_NAME of CGI.
    package var scriptName: String
    /// The rest of the path, percent-encoded; empty or starting with `/`.
    package var pathRest: Substring
    /// After the first `?`, percent-encoded; nil when there is none.
    package var query: Substring?
    /// `host:port` as the client named it; nil when it did not.
    package var authority: String?
    package var fields = HTTPFields()
    package var bodyLength = BodyLength.none
    /// Whether the client's connection is encrypted.
    package var isSecure = false
    /// `HTTP/1.1` or `HTTP/1.0`.
    package var version = "HTTP/1.1"
    package var peer = Peer()
    /// X-Call-Id: the invocation's id.
    package var callID: String
    /// When the gateway received it: Unix time in nanoseconds.
    package var receivedNanoseconds: Int64 = 0
    /// Set when the gateway has checked credentials itself; the function then never sees them.
    package var user: String?
    /// How ``user`` was found: AUTH_TYPE of CGI (RFC 3875, section 4.1.1).
    package var authenticationScheme = "Basic"

    /// Whether the body is a Lambda function's event; else the request becomes one, as those of function URLs do.
    package var isEvent = false

    /// The protocol that the client asks to change to on its connection (RFC 9110, section 7.8); nil for none.
    package var upgrade: String?

    package init(
        method: HTTPRequest.Method,
        target: String,
        scriptName: String,
        pathRest: Substring = "",
        query: Substring? = nil,
        callID: String
    ) {
        self.method = method
        self.target = target
        self.scriptName = scriptName
        self.pathRest = pathRest
        self.query = query
        self.callID = callID
    }

    /// Splits `host:port` and `[::1]:port`; the port is nil when there is none.
    package static func splitAuthority(_ authority: String) -> (host: Substring, port: Int?) {
        let utf8 = authority.utf8
        guard let colon = utf8.lastIndex(of: UInt8(ascii: ":")),
            let port = Int(authority[utf8.index(after: colon)...])
        else { return (authority[...], nil) }
        return (authority[..<colon], port)
    }
}

/// Why a contract cannot pass a request on.
package enum RequestFault: Error, Hashable, Sendable {
    /// The decoded path holds a NUL byte or is not UTF-8: no environment variable can carry it.
    case unprintablePath
    /// The event of a Lambda function exceeds ``RuntimeState/payloadBytesMax``.
    case eventTooLarge
    /// The body is the event of a Lambda function, and not JSON.
    case eventNotJSON
}
