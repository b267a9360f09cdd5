// SPDX-License-Identifier: Apache-2.0
// A request's head as environment variables: CGI/1.1 (RFC 3875, section 4.1) and the `Http_*` of OpenFaaS's classic
// watchdog. ContractAdapter makes them.

import HTTPTypes

/// `NAME=value` each: CGI's variables first, then the watchdog's, then those of the header fields in their order.
package struct RequestVariables: Hashable, Sendable {
    /// Those whose value is UTF-8.
    package private(set) var text: [String] = []
    /// The others, byte for byte.
    package private(set) var bytes: [[UInt8]] = []

    /// No variables.
    package init() {}

    /// The variables of one request.
    ///
    /// - Throws: ``RequestFault`` when the decoded path cannot be a variable's value.
    package init(_ head: RequestHead) throws(RequestFault) {
        guard let pathInfo = PercentDecoding.decode(head.pathRest) else { throw .unprintablePath }
        text.reserveCapacity(28 + 2 * head.fields.count)
        appendMeta(head, pathInfo)
        appendWatchdog(head, pathInfo)
        appendFields(head.fields, hidesCredentials: head.user != nil)
    }

    /// Of all variables, each with its NUL.
    package var sizeBytes: Int {
        text.reduce(0) { $0 + $1.utf8.count + 1 } + bytes.reduce(0) { $0 + $1.count + 1 }
    }

    mutating func append(_ variable: String) { text.append(variable) }
    mutating func append(_ variable: [UInt8]) { bytes.append(variable) }

    private mutating func appendMeta(_ head: RequestHead, _ pathInfo: String) {
        let (host, port) = RequestHead.splitAuthority(head.authority ?? "")
        let peer = head.peer
        append("GATEWAY_INTERFACE=CGI/1.1")
        append("SERVER_SOFTWARE=mayfly")
        append("SERVER_PROTOCOL=" + head.version)
        append("SERVER_NAME=" + (host.isEmpty ? peer.localAddress[...] : host))
        append("SERVER_PORT=" + (port.map(String.init) ?? peer.localPort.map(String.init) ?? ""))
        append("REQUEST_METHOD=" + head.method.rawValue)
        append("REQUEST_URI=" + head.target)
        append("SCRIPT_NAME=" + head.scriptName)
        append("PATH_INFO=" + pathInfo)
        append("QUERY_STRING=" + (head.query ?? ""))
        append("REMOTE_ADDR=" + peer.remoteAddress)
        append("REMOTE_HOST=" + peer.remoteAddress)
        if let port = peer.remotePort { append("REMOTE_PORT=" + String(port)) }
        if head.isSecure { append("HTTPS=on") }
        if case .bytes(let length) = head.bodyLength { append("CONTENT_LENGTH=" + String(length)) }
        if let type = head.fields[fields: .contentType].first { append("CONTENT_TYPE=", [type]) }
        if let user = head.user {
            append("AUTH_TYPE=" + head.authenticationScheme)
            append("REMOTE_USER=" + user)
        }
        if let authority = head.authority { append("HTTP_HOST=" + authority) }
    }

    private mutating func appendWatchdog(_ head: RequestHead, _ pathInfo: String) {
        // Go's ContentLength: -1 when unknown, 0 when there is no body.
        let length =
            switch head.bodyLength {
            case .none: "0"
            case .bytes(let length): String(length)
            case .unknown: "-1"
            }
        append("Http_Method=" + head.method.rawValue)
        append("Http_ContentLength=" + length)
        append("Http_Content_Length=" + length)
        if head.bodyLength == .unknown { append("Http_Transfer_Encoding=chunked") }
        if let query = head.query, !query.isEmpty { append("Http_Query=" + query) }
        append("Http_Path=" + (pathInfo.isEmpty ? "/" : pathInfo))
        if let authority = head.authority { append("Http_Host=" + authority) }
        append("Http_X_Call_Id=" + head.callID)
        append("Http_X_Start_Time=" + String(head.receivedNanoseconds))
        appendForwarding(head)
    }

    /// Where the request came from, unless a proxy in front has said so.
    private mutating func appendForwarding(_ head: RequestHead) {
        if !head.fields.contains(where: { $0.name.canonicalName == "x-forwarded-for" }) {
            append("Http_X_Forwarded_For=" + head.peer.remoteAddress)
        }
        guard let authority = head.authority else { return }
        if !head.fields.contains(where: { $0.name.canonicalName == "x-forwarded-host" }) {
            append("Http_X_Forwarded_Host=" + authority)
        }
    }
}
