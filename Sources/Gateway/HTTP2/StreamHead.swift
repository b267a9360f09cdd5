// SPDX-License-Identifier: Apache-2.0
// One HTTP/2 request's head, checked against RFC 9113 and RFC 9110. StreamState makes it; pure.

import HTTPTypes

/// The checks that HTTP/1 heads get from ``ParsedHead``, for heads whose framing the HTTP/2 library has checked.
enum StreamHead {
    /// A head in the form in which ``ParsedHead`` hands requests on.
    ///
    /// - Parameters:
    ///   - request: as the stream's HEADERS had it.
    ///   - hasBody: whether the stream goes on behind the head.
    ///   - limits: of target and fields.
    /// - Returns: with an authority; with `Transfer-Encoding: chunked` for a body without a length, so that all that
    ///   follows sees such a body alike.
    /// - Throws: ``RequestRefusal``.
    static func checked(
        _ request: HTTPRequest,
        hasBody: Bool,
        _ limits: RequestParser.Limits
    ) throws(RequestRefusal) -> HTTPRequest {
        if request.method == .connect { throw .connect }
        guard request.method.rawValue.utf8.count <= RequestLine.methodBytesMax else {
            throw .malformed(.requestLine)
        }
        guard request.scheme == "https" || request.scheme == "http" else { throw .malformed(.target) }
        try check(path: request.path ?? "", request.method, limits)
        var (fields, facts) = try checked(request, limits)
        var checked = request
        checked.authority = try authority(of: request, facts)
        if hasBody, fields[.contentLength] == nil { fields[.transferEncoding] = "chunked" }
        checked.headerFields = fields
        return checked
    }

    /// Origin form, or `*` for OPTIONS (RFC 9113, section 8.3.1).
    private static func check(
        path: String,
        _ method: HTTPRequest.Method,
        _ limits: RequestParser.Limits
    ) throws(RequestRefusal) {
        guard path.utf8.count <= limits.targetBytesMax else {
            throw .targetTooLong(max: limits.targetBytesMax)
        }
        guard path.utf8.first == UInt8(ascii: "/") || path == "*" && method == .options,
            path.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }),
            // What the library makes of bytes that are not UTF-8.
            !path.unicodeScalars.contains("\u{FFFD}")
        else { throw .malformed(.target) }
    }

    /// The fields without those that speak of one hop, within their limits; Cookie fields as one (section 8.2.3).
    private static func checked(
        _ request: HTTPRequest,
        _ limits: RequestParser.Limits
    ) throws(RequestRefusal) -> (HTTPFields, FieldFacts) {
        let given = request.headerFields
        var facts = FieldFacts()
        var fields = HTTPFields()
        fields.reserveCapacity(given.count)
        var cookies: [String] = []
        // As HTTP/1 counts the field Host.
        var bytes = (request.authority ?? "").utf8.count
        guard bytes <= limits.fieldBytesMax else { throw .fieldTooLarge(max: limits.fieldBytesMax) }
        guard given.count <= limits.fieldCountMax else { throw .tooManyFields(max: limits.fieldCountMax) }
        for field in given {
            // As a line of HTTP/1 has it: name, colon, space, value, end of line.
            let lineBytes = field.name.canonicalName.utf8.count + field.value.utf8.count + 4
            bytes += lineBytes
            guard lineBytes <= limits.fieldBytesMax else { throw .fieldTooLarge(max: limits.fieldBytesMax) }
            guard bytes <= limits.headBytesMax else { throw .headTooLarge(max: limits.headBytesMax) }
            guard field.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) else {
                throw .malformed(.controlByte)
            }
            try facts.note(field)
            switch field.name.canonicalName {
            case "host": break
            case "cookie": cookies.append(field.value)
            case let name where !ParsedHead.hopByHop.contains(name): fields.append(field)
            default: break
            }
        }
        if !cookies.isEmpty {
            fields.append(HTTPField(name: .cookie, value: cookies.joined(separator: "; ")))
        }
        // One number at most, and no coding: the library lets neither pass.
        _ = try facts.framing(isHTTP10: false)
        return (fields, facts)
    }

    /// `:authority`, else Host; both must agree (section 8.3.1).
    private static func authority(of request: HTTPRequest, _ facts: FieldFacts) throws(RequestRefusal)
        -> String?
    {
        guard let authority = request.authority, !authority.isEmpty else {
            return try facts.host(isHTTP10: false)
        }
        guard Authority.isValid(authority.utf8) else { throw .malformed(.host) }
        guard facts.hasHost else { return authority }
        guard try facts.host(isHTTP10: false)?.lowercased() == authority.lowercased() else {
            throw .malformed(.host)
        }
        return authority
    }
}
