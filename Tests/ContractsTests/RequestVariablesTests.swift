// SPDX-License-Identifier: Apache-2.0
// The environment of a request, as golden lists.

import HTTPTypes
import Testing

@testable import Contracts

@Suite struct RequestVariablesTests {
    private static func make(
        _ method: HTTPRequest.Method = .get,
        _ path: String = "/function/env",
        authority: String? = "localhost:8080",
        rest: String = "",
        _ fields: [(String, String)] = [],
        user: String? = nil
    ) throws -> [String] {
        let parts = path.split(separator: "?", maxSplits: 1)
        var head = RequestHead(
            method: method,
            target: path,
            scriptName: "/function/env",
            pathRest: rest[...],
            query: parts.count > 1 ? parts[1] : nil,
            callID: "call-1"
        )
        head.authority = authority
        for (name, value) in fields {
            head.fields.append(HTTPField(name: try #require(HTTPField.Name(name)), value: value))
        }
        head.bodyLength = RequestHead.BodyLength(head.fields)
        head.peer.remoteAddress = "192.0.2.7"
        head.peer.remotePort = 4711
        head.peer.localAddress = "192.0.2.1"
        head.peer.localPort = 8080
        head.receivedNanoseconds = 1_700_000_000_123_456_789
        head.user = user
        return try RequestVariables(head).text
    }

    @Test("a plain GET has CGI's variables and the watchdog's")
    func plain() throws {
        #expect(
            try Self.make() == [
                "GATEWAY_INTERFACE=CGI/1.1",
                "SERVER_SOFTWARE=mayfly",
                "SERVER_PROTOCOL=HTTP/1.1",
                "SERVER_NAME=localhost",
                "SERVER_PORT=8080",
                "REQUEST_METHOD=GET",
                "REQUEST_URI=/function/env",
                "SCRIPT_NAME=/function/env",
                "PATH_INFO=",
                "QUERY_STRING=",
                "REMOTE_ADDR=192.0.2.7",
                "REMOTE_HOST=192.0.2.7",
                "REMOTE_PORT=4711",
                "HTTP_HOST=localhost:8080",
                "Http_Method=GET",
                "Http_ContentLength=0",
                "Http_Content_Length=0",
                "Http_Path=/",
                "Http_Host=localhost:8080",
                "Http_X_Call_Id=call-1",
                "Http_X_Start_Time=1700000000123456789",
                "Http_X_Forwarded_For=192.0.2.7",
                "Http_X_Forwarded_Host=localhost:8080",
            ]
        )
    }

    @Test("body, query, decoded path and header fields are all there")
    func everything() throws {
        let variables = try Self.make(
            .post,
            "/function/env/a%20b?x=1&y=%41",
            rest: "/a%20b",
            [
                ("Content-Type", "text/plain"), ("Content-Length", "5"), ("X-Custom-Thing", "one"),
                ("x-custom-thing", "two"), ("Accept", "*/*"), ("Cookie", "a=1"), ("Cookie", "b=2"),
                ("X-Forwarded-For", "198.51.100.1"),
            ]
        )
        #expect(
            Array(variables.dropFirst(5).prefix(5)) == [
                "REQUEST_METHOD=POST",
                "REQUEST_URI=/function/env/a%20b?x=1&y=%41",
                "SCRIPT_NAME=/function/env",
                "PATH_INFO=/a b",
                "QUERY_STRING=x=1&y=%41",
            ]
        )
        for expected in [
            "CONTENT_LENGTH=5", "CONTENT_TYPE=text/plain", "Http_Query=x=1&y=%41", "Http_Path=/a b",
            "Http_ContentLength=5", "Http_Content_Length=5", "HTTP_X_CUSTOM_THING=one, two",
            "Http_X_Custom_Thing=one", "HTTP_ACCEPT=*/*", "Http_Accept=*/*", "HTTP_COOKIE=a=1; b=2",
            "Http_Cookie=a=1", "Http_X_Forwarded_For=198.51.100.1", "Http_Content_Type=text/plain",
        ] {
            #expect(variables.filter { $0 == expected }.count == 1, "\(expected)")
        }
        #expect(!variables.contains { $0.hasPrefix("HTTP_CONTENT_") })
    }

    @Test(
        "a field that could fool a program makes no variable",
        arguments: ["Proxy", "proxy", "X_Call_Id", "Content_Length", "X.Dot", "X`Tick"]
    ) func withheld(_ name: String) throws {
        let plain = try Self.make()
        #expect(try Self.make([(name, "http://evil.example")]) == plain)
    }

    @Test("bytes that are no UTF-8 are in the variable as they came")
    func bytes() throws {
        var head = RequestHead(
            method: .get,
            target: "/function/env",
            scriptName: "/function/env",
            callID: "call-1"
        )
        let name = try #require(HTTPField.Name("X-Name"))
        head.fields.append(HTTPField(name: name, value: [0x61, 0xe9]))
        head.fields.append(HTTPField(name: name, value: "\u{e9}"))
        head.fields.append(HTTPField(name: .contentType, value: [0xff]))
        let made = try RequestVariables(head)
        #expect(
            made.bytes == [
                Array("CONTENT_TYPE=".utf8) + [0xff],
                Array("HTTP_X_NAME=".utf8) + [0x61, 0xe9] + Array(", \u{e9}".utf8),
                Array("Http_X_Name=".utf8) + [0x61, 0xe9], Array("Http_Content_Type=".utf8) + [0xff],
            ]
        )
        #expect(!made.text.contains { $0.contains("\u{fffd}") })
    }

    @Test("credentials reach the function by Http_ only, and not when the gateway has checked them")
    func credentials() throws {
        let open = try Self.make([("Authorization", "Basic eA==")])
        #expect(open.contains("Http_Authorization=Basic eA=="))
        #expect(!open.contains { $0.hasPrefix("HTTP_AUTHORIZATION") })
        let checked = try Self.make([("Authorization", "Basic eA==")], user: "admin")
        #expect(!checked.contains { $0.contains("eA==") })
        #expect(checked.contains("AUTH_TYPE=Basic"))
        #expect(checked.contains("REMOTE_USER=admin"))
    }

    private static func make(_ fields: [(String, String)], user: String? = nil) throws -> [String] {
        try make(.get, "/function/env", fields, user: user)
    }

    @Test("a body of unknown length has no CONTENT_LENGTH and the watchdog's -1")
    func chunked() throws {
        let variables = try Self.make(.post, "/function/env", [("Transfer-Encoding", "chunked")])
        #expect(!variables.contains { $0.hasPrefix("CONTENT_LENGTH") })
        #expect(variables.contains("Http_ContentLength=-1"))
        #expect(variables.contains("Http_Transfer_Encoding=chunked"))
        #expect(!variables.contains { $0.hasPrefix("HTTP_TRANSFER_ENCODING") })
    }

    @Test("a path with a NUL byte or broken UTF-8 is refused", arguments: ["/a%00b", "/%ff"])
    func hostilePath(_ rest: String) throws {
        #expect(throws: RequestFault.unprintablePath) {
            try Self.make(.get, "/function/env" + rest, rest: rest)
        }
    }

    @Test(
        "host and port are split where the port begins",
        arguments: [
            ("a.example:80", "a.example", 80), ("a.example", "a.example", nil), ("[::1]:8080", "[::1]", 8080),
            ("[::1]", "[::1]", nil), ("", "", nil),
        ] as [(String, String, Int?)]
    ) func authority(_ text: String, _ host: String, _ port: Int?) {
        let parts = RequestHead.splitAuthority(text)
        #expect(parts.host == host)
        #expect(parts.port == port)
    }
}
