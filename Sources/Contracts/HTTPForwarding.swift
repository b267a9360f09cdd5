// SPDX-License-Identifier: Apache-2.0
// The `http` contract: the request that the function's own server gets, and the head of its answer. Dispatcher calls it.

import FunctionModel
package import HTTPTypes

/// Which fields go through between the client's connection and the one to the function's server.
package enum HTTPForwarding {
    /// Fields of one connection only (RFC 9110, section 7.6.1), and `Expect`, which the gateway has answered.
    private static let hopByHop: Set<String> = [
        "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te",
        "transfer-encoding", "upgrade", "expect", "http2-settings",
    ]

    /// The request for the function's server.
    ///
    /// The path is the part behind the route, as a CGI program's PATH_INFO is, still percent-encoded. The server learns
    /// the rest from X-Forwarded-Prefix, -For, -Host and -Proto, and the call's id from X-Call-Id.
    ///
    /// - Parameters:
    ///   - head: of the client's request.
    ///   - isLast: whether the connection carries no other request.
    ///   - bodyBytes: the length of the body where the gateway has all of it; nil when it comes in pieces.
    /// - Returns: a request whose Content-Length is set exactly when the length is known.
    package static func request(_ head: RequestHead, isLast: Bool, bodyBytes: Int?) -> HTTPRequest {
        var fields = HTTPFields()
        fields.reserveCapacity(head.fields.count + 8)
        let named = connectionOptions(head.fields)
        for field in head.fields {
            let name = field.name.canonicalName
            guard !hopByHop.contains(name), !named.contains(name), name != "content-length" else { continue }
            // The gateway has checked these credentials itself; they are not the function's.
            if name == "authorization", head.user != nil { continue }
            fields.append(field)
        }
        appendForwarding(head, to: &fields)
        switch (bodyBytes, head.bodyLength) {
        case (let bytes?, .bytes), (let bytes?, .unknown): fields[.contentLength] = String(bytes)
        case (nil, .bytes(let bytes)): fields[.contentLength] = String(bytes)
        case (nil, .unknown): fields[.transferEncoding] = "chunked"
        case (_, .none): if sendsLength(head.method) { fields[.contentLength] = "0" }
        }
        if acceptsTrailers(head.fields) { fields[.te] = "trailers" }
        if isLast { fields[.connection] = "close" }
        if let upgrade = head.upgrade {
            fields[.upgrade] = upgrade
            fields[.connection] = "upgrade"
        }
        return HTTPRequest(
            method: head.method,
            scheme: "http",
            authority: head.authority ?? "localhost",
            path: path(head),
            headerFields: fields
        )
    }

    /// The head of the answer for the client, without the fields of the connection that it came on.
    package static func response(_ response: HTTPResponse) -> ResponseHead {
        let named = connectionOptions(response.headerFields)
        var fields = HTTPFields()
        fields.reserveCapacity(response.headerFields.count)
        for field in response.headerFields {
            let name = field.name.canonicalName
            if hopByHop.contains(name) || named.contains(name) || name == "trailer" { continue }
            fields.append(field)
        }
        if response.status == .switchingProtocols {
            fields[.upgrade] = response.headerFields[.upgrade]
            fields[.connection] = "upgrade"
        }
        var head = ResponseHead(status: response.status.code, fields: fields)
        let isFramed = response.headerFields[.transferEncoding] == nil
        head.bodyBytes = isFramed ? fields[.contentLength].flatMap { Int($0) } : nil
        head.trailerNames = response.headerFields[values: .trailer]
            .flatMap { $0.split(separator: ",") }
            .compactMap { HTTPField.Name(String($0.trimmed)) }
            .filter(isTrailer).map(\.rawName)
        return head
    }

    /// The fields behind a body that go on to the client.
    package static func trailers(_ fields: HTTPFields) -> HTTPFields {
        var result = HTTPFields()
        for field in fields where isTrailer(field.name) { result.append(field) }
        return result
    }

    /// Fields that mean nothing, or harm, behind a body (RFC 9110, section 6.5.1): framing, routing, authentication,
    /// caching and what describes the body; and those that the gateway sends there itself.
    private static let neverTrailers: Set<String> = [
        "age", "authorization", "cache-control", "date", "expires", "host", "location", "retry-after",
        "set-cookie",
        "trailer", "vary", "warning", "www-authenticate", "x-call-id", "x-duration-seconds", "x-exit-code",
        "x-exit-signal", "x-limits-reached", "x-outcome",
    ]

    private static func isTrailer(_ name: HTTPField.Name) -> Bool {
        let name = name.canonicalName
        return !hopByHop.contains(name) && !neverTrailers.contains(name) && !name.hasPrefix("content-")
    }

    private static func path(_ head: RequestHead) -> String {
        let path = head.pathRest.isEmpty ? "/" : String(head.pathRest)
        guard let query = head.query else { return path }
        return path + "?" + query
    }

    /// The names that the Connection field lists, in lower case.
    private static func connectionOptions(_ fields: HTTPFields) -> Set<String> {
        let values = fields[values: .connection]
        guard !values.isEmpty else { return [] }
        return Set(
            values.flatMap { $0.split(separator: ",") }
                .map { $0.trimmed.lowercased() }
        )
    }

    private static func acceptsTrailers(_ fields: HTTPFields) -> Bool {
        fields[values: .te].contains { $0.lowercased().contains("trailers") }
    }

    /// Methods whose request has a length even without a body (RFC 9110, section 8.6).
    private static func sendsLength(_ method: HTTPRequest.Method) -> Bool {
        method == .post || method == .put || method == .patch
    }

    private static func appendForwarding(_ head: RequestHead, to fields: inout HTTPFields) {
        fields[.callID] = head.callID
        fields[.startTime] = String(head.receivedNanoseconds)
        // Never a client's own: servers act on them.
        fields[.forwardedPrefix] = head.scriptName.isEmpty ? nil : head.scriptName
        fields[.remoteUser] = head.user
        if !head.peer.remoteAddress.isEmpty {
            let before = fields[values: .forwardedFor]
            fields[.forwardedFor] = (before + [head.peer.remoteAddress]).joined(separator: ", ")
        }
        if fields[.forwardedHost] == nil, let authority = head.authority {
            fields[.forwardedHost] = authority
        }
        if fields[.forwardedProto] == nil { fields[.forwardedProto] = head.isSecure ? "https" : "http" }
    }
}

extension Substring {
    /// Without spaces and tabs at both ends (OWS of RFC 9110, section 5.6.3).
    fileprivate var trimmed: Substring {
        var text = self
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}

extension HTTPField.Name {
    private static func known(_ name: String) -> HTTPField.Name {
        guard let made = HTTPField.Name(name) else { preconditionFailure("\(name) is a field name") }
        return made
    }

    fileprivate static let callID = known("X-Call-Id")
    fileprivate static let startTime = known("X-Start-Time")
    fileprivate static let forwardedFor = known("X-Forwarded-For")
    fileprivate static let forwardedHost = known("X-Forwarded-Host")
    fileprivate static let forwardedProto = known("X-Forwarded-Proto")
    fileprivate static let forwardedPrefix = known("X-Forwarded-Prefix")
    fileprivate static let remoteUser = known("X-Remote-User")
}
