// SPDX-License-Identifier: Apache-2.0
// One request's head, parsed and checked against RFC 9110 and 9112. RequestParser makes it from complete heads.

import HTTPTypes

/// A head that may be served, and how its body is framed.
struct ParsedHead: Hashable, Sendable {
    /// How long the body is (RFC 9112, section 6.3).
    enum Framing: Hashable, Sendable {
        case length(Int)
        case chunked
        /// All that follows, to the end of the client's side: it asks for another protocol, and no other request can
        /// follow.
        case tunnel
    }

    var request: HTTPRequest
    var framing: Framing
    var isHTTP10: Bool
    var keepsAlive: Bool

    /// Names that never pass the gateway.
    ///
    /// They speak of this connection (RFC 9110, section 7.6.1), or of trailers, which are not passed on; `Upgrade` is
    /// put back where ``Framing/tunnel`` follows. `TE` stays
    /// for the answer's own trailers, and makes no variable.
    static let hopByHop: Set<String> = [
        "keep-alive", "proxy-connection", "proxy-authorization", "proxy-authenticate", "upgrade", "trailer",
    ]
    /// Names that a Connection field cannot take away: they say what the request is.
    private static let kept: Set<String> = [
        "close", "keep-alive", "content-length", "content-type", "transfer-encoding", "expect",
        "authorization",
    ]

    /// Parses a head.
    ///
    /// - Parameters:
    ///   - bytes: from the method to the empty line; every LF in it follows a CR.
    ///   - limits: of target and fields.
    /// - Throws: ``RequestRefusal``.
    init(_ bytes: UnsafeRawBufferPointer, _ limits: RequestParser.Limits) throws(RequestRefusal) {
        var lines = HeadLines(bytes)
        guard let first = lines.next() else { throw .malformed(.requestLine) }
        let line = try RequestLine(first, targetBytesMax: limits.targetBytesMax)
        var facts = FieldFacts()
        var fields = HTTPFields()
        fields.reserveCapacity(24)
        var count = 0
        while let text = lines.next(), !text.isEmpty {
            count += 1
            guard count <= limits.fieldCountMax else { throw .tooManyFields(max: limits.fieldCountMax) }
            guard text.count <= limits.fieldBytesMax else { throw .fieldTooLarge(max: limits.fieldBytesMax) }
            let field = try FieldLine.parse(text)
            try facts.note(field)
            let name = field.name.canonicalName
            if name != "host", name != "connection", !Self.hopByHop.contains(name) { fields.append(field) }
        }
        isHTTP10 = line.isHTTP10
        let upgrade = line.method == .get ? facts.upgrade(isHTTP10: line.isHTTP10) : nil
        keepsAlive = upgrade == nil && facts.keepsAlive(isHTTP10: line.isHTTP10)
        for option in facts.connectionOptions where !Self.kept.contains(option) {
            if let name = HTTPField.Name(option) { fields[name] = nil }
        }
        if !keepsAlive { fields[.connection] = "close" }
        fields[.upgrade] = upgrade
        framing = try upgrade == nil ? facts.framing(isHTTP10: line.isHTTP10) : .tunnel
        let host = try facts.host(isHTTP10: line.isHTTP10)
        request = HTTPRequest(
            method: line.method,
            scheme: "http",
            authority: line.authority ?? host,
            path: line.path,
            headerFields: fields
        )
    }
}

/// The lines of a head, without their ends.
private struct HeadLines {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func next() -> UnsafeRawBufferPointer? {
        guard let end = bytes.firstLineFeed(from: position) else { return nil }
        defer { position = end + 1 }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<max(position, end - 1)])
    }
}
