// SPDX-License-Identifier: Apache-2.0
// What a function's own server gets of a request, and what the client gets of its answer.

import HTTPTypes
import Testing

@testable import Contracts

@Suite("Forwarding under the http contract")
struct HTTPForwardingTests {
    private static func head(_ method: HTTPRequest.Method = .get, _ fields: HTTPFields = [:]) -> RequestHead {
        var head = RequestHead(
            method: method,
            target: "/function/f/a%20b?x=1",
            scriptName: "/function/f",
            pathRest: "/a%20b",
            query: "x=1",
            callID: "id"
        )
        head.authority = "example.org:8080"
        head.peer.remoteAddress = "192.0.2.1"
        head.receivedNanoseconds = 7
        head.fields = fields
        head.bodyLength = RequestHead.BodyLength(fields)
        return head
    }

    private static func text(_ fields: HTTPFields) -> [String] { fields.map { "\($0.name): \($0.value)" } }

    @Test("the path is what follows the route, and the server learns where the request came from")
    func target() {
        let request = HTTPForwarding.request(Self.head(), isLast: true, bodyBytes: 0)
        #expect(request.path == "/a%20b?x=1")
        #expect(request.authority == "example.org:8080")
        #expect(
            Self.text(request.headerFields) == [
                "X-Call-Id: id", "X-Start-Time: 7", "X-Forwarded-Prefix: /function/f",
                "X-Forwarded-For: 192.0.2.1",
                "X-Forwarded-Host: example.org:8080", "X-Forwarded-Proto: http", "Connection: close",
            ]
        )
        var root = Self.head()
        root.pathRest = ""
        root.query = nil
        #expect(HTTPForwarding.request(root, isLast: false, bodyBytes: 0).path == "/")
    }

    @Test("fields of the client's connection stay behind, also those that Connection names")
    func hopByHop() {
        let fields: HTTPFields = [
            .connection: "x-secret-hop , Keep-Alive", .te: "trailers, deflate", .upgrade: "h2c",
            .expect: "100-continue",
            .transferEncoding: "chunked", .accept: "a/b", HTTPField.Name("X-Secret-Hop")!: "1",
            HTTPField.Name("X-Forwarded-Prefix")!: "/forged", HTTPField.Name("X-Remote-User")!: "admin",
            .authorization: "Basic x",
        ]
        let request = HTTPForwarding.request(Self.head(.post, fields), isLast: false, bodyBytes: nil)
        let names = Set(request.headerFields.map(\.name.canonicalName))
        #expect(names.isDisjoint(with: ["x-secret-hop", "upgrade", "expect", "x-remote-user", "connection"]))
        #expect(request.headerFields[.te] == "trailers")
        #expect(request.headerFields[.transferEncoding] == "chunked")
        #expect(request.headerFields[HTTPField.Name("X-Forwarded-Prefix")!] == "/function/f")
        #expect(request.headerFields[.authorization] == "Basic x")
        var checked = Self.head(.post, fields)
        checked.user = "anna"
        let hidden = HTTPForwarding.request(checked, isLast: false, bodyBytes: nil).headerFields
        #expect(hidden[.authorization] == nil)
        #expect(hidden[HTTPField.Name("X-Remote-User")!] == "anna")
    }

    @Test("the length is what the gateway knows, and a body without one is sent in chunks")
    func length() {
        func fields(_ method: HTTPRequest.Method, _ given: HTTPFields, _ bytes: Int?) -> HTTPFields {
            HTTPForwarding.request(Self.head(method, given), isLast: false, bodyBytes: bytes).headerFields
        }
        #expect(fields(.post, [.contentLength: "5"], 5)[.contentLength] == "5")
        #expect(fields(.post, [.contentLength: "500000"], nil)[.contentLength] == "500000")
        let collected = fields(.post, [.transferEncoding: "chunked"], 3)
        #expect(collected[.contentLength] == "3" && collected[.transferEncoding] == nil)
        #expect(fields(.post, [:], 0)[.contentLength] == "0")
        #expect(fields(.get, [:], 0)[.contentLength] == nil)
    }

    @Test("the answer keeps its fields but those of its connection")
    func response() {
        let answer = HTTPResponse(
            status: .init(code: 201),
            headerFields: [
                .connection: "close, x-hop", HTTPField.Name("X-Hop")!: "1", .transferEncoding: "chunked",
                .trailer: "X-T", .setCookie: "a=1", .setCookie: "b=2", .contentLength: "4",
            ]
        )
        let head = HTTPForwarding.response(answer)
        #expect(head.status == 201)
        #expect(Self.text(head.fields) == ["Set-Cookie: a=1", "Set-Cookie: b=2", "Content-Length: 4"])
    }

    @Test(
        "the length of a body counts where it is its framing, and trailers that may follow a body are named"
    )
    func bodies() {
        func response(_ fields: HTTPFields) -> ResponseHead {
            HTTPForwarding.response(HTTPResponse(status: .ok, headerFields: fields))
        }
        #expect(response([.contentLength: "7"]).bodyBytes == 7)
        #expect(response([.contentLength: "7", .transferEncoding: "chunked"]).bodyBytes == nil)
        #expect(response([:]).bodyBytes == nil)
        let head = response([.trailer: "X-Sum, Content-Length , x-exit-code,, a b"])
        #expect(head.trailerNames == ["X-Sum"] && head.fields.isEmpty)
    }

    @Test("trailers that frame, route, authenticate or describe stay behind, and the gateway's own names")
    func trailers() {
        let sum = HTTPField.Name("Grpc-Status")!
        let fields: HTTPFields = [
            sum: "0", .contentLength: "1", .transferEncoding: "chunked", .setCookie: "a=b",
            .contentType: "a/b",
            .authorization: "x", HTTPField.Name("Host")!: "h", HTTPField.Name("X-Exit-Code")!: "3",
            .connection: "close",
        ]
        #expect(HTTPForwarding.trailers(fields) == [sum: "0"])
    }
}
