// SPDX-License-Identifier: Apache-2.0
// The first line of a request (RFC 9112, section 3). ParsedHead makes it.

import HTTPTypes

/// Method, target and version.
struct RequestLine: Hashable, Sendable {
    var method: HTTPRequest.Method
    /// Of a target in absolute form; it wins over Host (RFC 9112, section 3.2.2).
    var authority: String?
    /// Path and query as sent, or `*`.
    var path: String
    var isHTTP10: Bool

    /// Longer than any registered method's name.
    static let methodBytesMax = 64

    init(_ line: UnsafeRawBufferPointer, targetBytesMax: Int) throws(RequestRefusal) {
        let space = UInt8(ascii: " ")
        guard let methodEnd = line.firstIndex(of: space), methodEnd > 0,
            let targetEnd = line.lastIndex(of: space), targetEnd > methodEnd + 1
        else { throw .malformed(.requestLine) }
        let version = line[(targetEnd + 1)...]
        guard methodEnd <= Self.methodBytesMax,
            let method = HTTPRequest.Method(String(decoding: line[..<methodEnd], as: UTF8.self))
        else { throw .malformed(.requestLine) }
        isHTTP10 = try Self.isHTTP10(version)
        self.method = method
        if method == .connect { throw .connect }
        let target = line[(methodEnd + 1)..<targetEnd]
        guard target.count <= targetBytesMax else { throw .targetTooLong(max: targetBytesMax) }
        // Bytes past ASCII are no part of a URI, but browsers' own libraries send UTF-8 here.
        guard target.allSatisfy({ $0 > 0x20 && $0 != 0x7f }),
            let text = String(validating: target, as: UTF8.self)
        else { throw .malformed(.target) }
        (authority, path) = try Self.split(text, method)
    }

    /// `HTTP/1.x`: any later minor version is served as 1.1 (RFC 9110, section 2.5).
    private static func isHTTP10(_ version: Slice<UnsafeRawBufferPointer>) throws(RequestRefusal) -> Bool {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard version.count == 8, version.starts(with: "HTTP/".utf8), let minor = version.last,
            digits.contains(minor), digits.contains(version[version.startIndex + 5]),
            version[version.startIndex + 6] == UInt8(ascii: ".")
        else { throw .malformed(.requestLine) }
        guard version[version.startIndex + 5] == UInt8(ascii: "1") else { throw .unknownVersion }
        return minor == UInt8(ascii: "0")
    }

    /// Origin form, absolute form, or `*` for OPTIONS.
    private static func split(_ text: String, _ method: HTTPRequest.Method) throws(RequestRefusal) -> (
        authority: String?, path: String
    ) {
        if text.utf8.first == UInt8(ascii: "/") { return (nil, text) }
        if text == "*" {
            guard method == .options else { throw .malformed(.target) }
            return (nil, text)
        }
        let scheme = text.prefix(8).lowercased()
        let skipped = scheme.hasPrefix("http://") ? 7 : scheme == "https://" ? 8 : 0
        guard skipped > 0 else { throw .malformed(.target) }
        let rest = text.utf8.dropFirst(skipped)
        let end = rest.firstIndex {
            $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#")
        }
        let authority = String(Substring(rest[..<(end ?? rest.endIndex)]))
        guard !authority.isEmpty, Authority.isValid(authority.utf8) else { throw .malformed(.target) }
        let path = end.map { String(Substring(rest[$0...])) } ?? "/"
        return (authority, path.utf8.first == UInt8(ascii: "/") ? path : "/" + path)
    }
}
