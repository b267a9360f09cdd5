// SPDX-License-Identifier: Apache-2.0
// Heads of HTTP/2 requests: what passes, in which form, and what is refused.

import HTTPTypes
import Testing

@testable import Gateway

@Suite("A head of HTTP/2") struct StreamHeadTests {
    private static let limits = RequestParser.Limits(
        targetBytesMax: 20,
        fieldBytesMax: 100,
        headBytesMax: 200,
        fieldCountMax: 5
    )

    private static func request(
        _ method: HTTPRequest.Method = .get,
        scheme: String? = "https",
        authority: String? = "a.example",
        path: String? = "/function/x?y",
        _ fields: [(String, String)] = []
    ) -> HTTPRequest {
        var request = HTTPRequest(method: method, scheme: scheme, authority: authority, path: path)
        for (name, value) in fields {
            guard let name = HTTPField.Name(name) else { continue }
            request.headerFields.append(HTTPField(name: name, value: value))
        }
        return request
    }

    private static func checked(_ request: HTTPRequest, hasBody: Bool = false) throws(RequestRefusal)
        -> HTTPRequest
    {
        try StreamHead.checked(request, hasBody: hasBody, limits)
    }

    @Test("keeps what is the request's, and drops what speaks of one hop")
    func passes() throws {
        let head = try Self.checked(
            Self.request([
                ("host", "A.example"), ("te", "trailers"), ("trailer", "x"), ("a", "1"), ("a", "2"),
            ])
        )
        #expect(head.authority == "a.example" && head.path == "/function/x?y")
        #expect(head.headerFields.map(\.value) == ["trailers", "1", "2"])
    }

    @Test("has the authority of Host when there is no other")
    func host() throws {
        #expect(try Self.checked(Self.request(authority: nil, [("host", "b:1")])).authority == "b:1")
    }

    @Test("joins Cookie fields, which HTTP/2 may split")
    func cookies() throws {
        let head = try Self.checked(Self.request([("cookie", "a=1"), ("x", "y"), ("cookie", "b=2")]))
        #expect(head.headerFields[.cookie] == "a=1; b=2")
        #expect(head.headerFields.count == 2)
    }

    @Test("marks a body without a length as HTTP/1 does")
    func body() throws {
        #expect(
            try Self.checked(Self.request(.post), hasBody: true).headerFields[.transferEncoding] == "chunked"
        )
        let fixed = try Self.checked(Self.request(.post, [("content-length", "3")]), hasBody: true)
        #expect(fixed.headerFields[.transferEncoding] == nil && fixed.headerFields[.contentLength] == "3")
        #expect(try Self.checked(Self.request(.post)).headerFields.isEmpty)
    }

    @Test("takes the target * for OPTIONS only")
    func asterisk() throws {
        #expect(try Self.checked(Self.request(.options, path: "*")).path == "*")
        #expect(throws: RequestRefusal.malformed(.target)) { try Self.checked(Self.request(path: "*")) }
    }

    @Test("is refused for what breaks a rule or a limit", arguments: refused.indices)
    func refuses(index: Int) {
        let (request, refusal) = Self.refused[index]
        #expect(throws: refusal) { try Self.checked(request) }
    }

    private static let refused: [(HTTPRequest, RequestRefusal)] = [
        (request(.connect), .connect),
        (request(scheme: "ftp"), .malformed(.target)),
        (
            request(HTTPRequest.Method(rawValue: String(repeating: "A", count: 65)) ?? .get),
            .malformed(.requestLine)
        ),
        (request(authority: String(repeating: "a", count: 101)), .fieldTooLarge(max: 100)),
        (request(path: "/\u{FFFD}"), .malformed(.target)),
        (request(path: nil), .malformed(.target)),
        (request(path: "x"), .malformed(.target)),
        (request(path: "http://a/b"), .malformed(.target)),
        (request(path: "/a b"), .malformed(.target)),
        (request(path: "/" + String(repeating: "a", count: 20)), .targetTooLong(max: 20)),
        (request(authority: nil), .malformed(.host)),
        (request(authority: "u@a.example"), .malformed(.host)),
        (request([("host", "b.example")]), .malformed(.host)),
        (request([("host", "a.example"), ("host", "a.example")]), .malformed(.host)),
        (request([("content-length", "1"), ("content-length", "1")]), .malformed(.contentLength)),
        (request([("content-length", "+1")]), .malformed(.contentLength)),
        (request([("transfer-encoding", "gzip")]), .unknownCoding),
        (request((1...6).map { ("a\($0)", "") }), .tooManyFields(max: 5)),
        (request([("a", String(repeating: "b", count: 96))]), .fieldTooLarge(max: 100)),
        (request((1...3).map { ("a\($0)", String(repeating: "b", count: 90)) }), .headTooLarge(max: 200)),
    ]
}

extension StreamHeadTests {
    fileprivate static func request(_ fields: [(String, String)]) -> HTTPRequest { request(.get, fields) }
}
