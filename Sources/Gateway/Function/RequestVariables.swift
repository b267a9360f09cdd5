// SPDX-License-Identifier: Apache-2.0
// A request as environment variables: CGI/1.1 (RFC 3875, section 4.1) and the `Http_*` of OpenFaaS's classic
// watchdog. FunctionHandler drives it; it reads nothing but its parameters.

import HTTPTypes
import Hummingbird

/// Makes the variables of one request.
enum RequestVariables {
    /// What the connection and the gateway know besides the request itself.
    struct Surroundings: Sendable {
        var remoteAddress = ""
        var remotePort: Int?
        var localAddress = ""
        var localPort: Int?
        var isSecure = false
        /// `HTTP/1.1`.
        var version = "HTTP/1.1"
        var callID = ""
        /// Unix time in nanoseconds.
        var startedNanoseconds: Int64 = 0
        /// Set when the gateway has checked credentials itself; the function then never sees them.
        var user: String?
    }

    /// `NAME=value` each.
    struct Variables: Hashable, Sendable {
        var text: [String] = []
        /// Those whose value is no UTF-8, byte for byte.
        var bytes: [[UInt8]] = []
    }

    /// Why a request cannot become variables.
    enum Refusal: Error, Hashable, Sendable { case nulOrInvalidPath }

    /// Variables in the form `NAME=value`, CGI's first, then those of the header fields in their order.
    ///
    /// - Parameters:
    ///   - head: the request.
    ///   - match: which part of the path chose the function.
    ///   - query: the query, still encoded; nil when there is none.
    ///   - around: what the connection knows.
    /// - Returns: what goes into the environment after the function's own variables.
    /// - Throws: ``Refusal`` when the decoded path cannot be a variable's value.
    static func make(_ head: HTTPRequest, _ match: RouteMatch, query: Substring?, _ around: Surroundings)
        throws(Refusal) -> Variables
    {
        guard let pathInfo = PercentDecoding.decode(match.rest) else { throw .nulOrInvalidPath }
        var variables = Variables()
        variables.text.reserveCapacity(28 + 2 * head.headerFields.count)
        appendMeta(head, match, pathInfo, query ?? "", around, to: &variables)
        appendWatchdog(head, pathInfo, query ?? "", around, to: &variables)
        appendFields(head.headerFields, hidesCredentials: around.user != nil, to: &variables)
        return variables
    }

    private static func appendMeta(
        _ head: HTTPRequest,
        _ match: RouteMatch,
        _ pathInfo: String,
        _ query: Substring,
        _ around: Surroundings,
        to variables: inout Variables
    ) {
        let (host, port) = splitAuthority(head.authority ?? "")
        let fields = head.headerFields
        variables.text.append("GATEWAY_INTERFACE=CGI/1.1")
        variables.text.append("SERVER_SOFTWARE=mayfly")
        variables.text.append("SERVER_PROTOCOL=" + around.version)
        variables.text.append("SERVER_NAME=" + (host.isEmpty ? around.localAddress[...] : host))
        variables.text.append(
            "SERVER_PORT=" + (port.map(String.init) ?? around.localPort.map(String.init) ?? "")
        )
        variables.text.append("REQUEST_METHOD=" + head.method.rawValue)
        variables.text.append("REQUEST_URI=" + (head.path ?? "/"))
        variables.text.append("SCRIPT_NAME=" + match.scriptName)
        variables.text.append("PATH_INFO=" + pathInfo)
        variables.text.append("QUERY_STRING=" + query)
        variables.text.append("REMOTE_ADDR=" + around.remoteAddress)
        variables.text.append("REMOTE_HOST=" + around.remoteAddress)
        if let port = around.remotePort { variables.text.append("REMOTE_PORT=" + String(port)) }
        if around.isSecure { variables.text.append("HTTPS=on") }
        if let length = fields[.contentLength] { variables.text.append("CONTENT_LENGTH=" + length) }
        if let type = fields[fields: .contentType].first {
            append("CONTENT_TYPE=", [type], to: &variables)
        }
        if let user = around.user {
            variables.text.append("AUTH_TYPE=Basic")
            variables.text.append("REMOTE_USER=" + user)
        }
        if let authority = head.authority { variables.text.append("HTTP_HOST=" + authority) }
    }

    private static func appendWatchdog(
        _ head: HTTPRequest,
        _ pathInfo: String,
        _ query: Substring,
        _ around: Surroundings,
        to variables: inout Variables
    ) {
        let fields = head.headerFields
        // Go's ContentLength: -1 when unknown, 0 when there is no body.
        let isChunked = fields[.transferEncoding] != nil
        let length = isChunked ? "-1" : fields[.contentLength] ?? "0"
        variables.text.append("Http_Method=" + head.method.rawValue)
        variables.text.append("Http_ContentLength=" + length)
        variables.text.append("Http_Content_Length=" + length)
        if isChunked { variables.text.append("Http_Transfer_Encoding=chunked") }
        if !query.isEmpty { variables.text.append("Http_Query=" + query) }
        variables.text.append("Http_Path=" + (pathInfo.isEmpty ? "/" : pathInfo))
        if let authority = head.authority { variables.text.append("Http_Host=" + authority) }
        variables.text.append("Http_X_Call_Id=" + around.callID)
        variables.text.append("Http_X_Start_Time=" + String(around.startedNanoseconds))
        if fields[.forwardedFor] == nil {
            variables.text.append("Http_X_Forwarded_For=" + around.remoteAddress)
        }
        if fields[.forwardedHost] == nil, let authority = head.authority {
            variables.text.append("Http_X_Forwarded_Host=" + authority)
        }
    }

    /// Splits `host:port` and `[::1]:port`.
    static func splitAuthority(_ authority: String) -> (host: Substring, port: Int?) {
        let utf8 = authority.utf8
        guard let colon = utf8.lastIndex(of: UInt8(ascii: ":")),
            let port = Int(authority[utf8.index(after: colon)...])
        else { return (authority[...], nil) }
        return (authority[..<colon], port)
    }
}
