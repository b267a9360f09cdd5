// SPDX-License-Identifier: Apache-2.0
// A function's own routes: `[METHOD ][host]/path[*]`.

/// One pattern that leads to a function, besides `/function/NAME` which always does.
package struct Route: Hashable, Sendable, CustomStringConvertible {
    /// Upper-case method, or nil for any.
    package let method: String?
    /// Lower-case host name without port, or nil for any.
    package let host: String?
    /// Path without the wildcard, starting with `/`.
    package let path: String
    /// Whether everything below ``path`` matches too.
    package let isPrefix: Bool

    /// Paths the gateway itself answers: a function cannot take them.
    private static let reserved = [
        "/system", "/function", "/async-function", "/v1", "/healthz", "/readyz", "/metrics", "/ui",
        // The versions of AWS Lambda's API.
        "/2014-11-13", "/2015-03-31", "/2016-08-19", "/2017-03-31", "/2017-10-31", "/2018-10-31",
        "/2019-09-25", "/2019-09-30", "/2020-04-22", "/2020-06-30", "/2021-07-20", "/2021-10-31",
        "/2021-11-15", "/2024-08-31", "/2025-11-30", "/2025-12-01", "/2026-07-09",
    ]

    /// Longest host name (RFC 1035, section 2.3.4).
    private static let hostBytesMax = 253
    /// Longest path: the length that all proxies in front accept.
    private static let pathBytesMax = 2048

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    /// Parses a route.
    ///
    /// - Throws: ``ModelError`` when a part is malformed or the path belongs to the gateway.
    package init(_ text: String) throws(ModelError) {
        func failure(_ expected: String) -> ModelError {
            ModelError(field: "routes", value: text, expected: expected)
        }
        let parts = text.split(separator: " ", omittingEmptySubsequences: true)
        guard (1...2).contains(parts.count), let location = parts.last,
            let slash = location.firstIndex(of: "/")
        else { throw failure("a route such as 'GET /hello', '/api/*' or 'hello.example.com/'") }
        if parts.count == 2 {
            guard parts[0].allSatisfy({ $0.isASCII && $0.isLetter }) else {
                throw failure("an HTTP method first")
            }
            method = parts[0].uppercased()
        } else {
            method = nil
        }
        let hostText = location[..<slash]
        guard hostText.utf8.count <= Self.hostBytesMax, hostText.utf8.allSatisfy(Self.isHostByte) else {
            throw failure("a plain host name without a port before the path")
        }
        host = hostText.isEmpty ? nil : hostText.lowercased()
        var pathText = String(location[slash...])
        isPrefix = pathText.utf8.last == UInt8(ascii: "*")
        if isPrefix { pathText.removeLast() }
        guard pathText.utf8.count <= Self.pathBytesMax,
            pathText.utf8.allSatisfy({ $0 > 32 && $0 < 127 && !"*?#".utf8.contains($0) })
        else { throw failure("a path in printable ASCII, '*' only at its end, and neither '?' nor '#'") }
        let segments = pathText.split(separator: "/")
        guard !segments.contains("."), !segments.contains("..") else {
            throw failure("a path without '.' and '..'")
        }
        let isReserved = Self.reserved.contains { pathText == $0 || pathText.hasPrefix($0 + "/") }
        guard !isReserved || host != nil else { throw failure("a path that is not the gateway's own") }
        path = pathText
    }

    package var description: String {
        (method.map { $0 + " " } ?? "") + (host ?? "") + path + (isPrefix ? "*" : "")
    }
}

extension Route: Codable {
    package init(from decoder: any Decoder) throws {
        self = try Route(decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
