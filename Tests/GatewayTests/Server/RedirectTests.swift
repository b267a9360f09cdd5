// SPDX-License-Identifier: Apache-2.0
// The listener that redirects to HTTPS: which hosts, which targets, and what hostile requests get.

import FunctionModel
import Testing

@testable import Gateway

@Suite struct RedirectTests {
    private static func rules(_ challenges: ChallengeTable? = nil) -> RedirectRules {
        RedirectRules(hosts: ["Faas.example.org"], challenges: challenges) {
            ["a.example", "192.0.2.1", "::1"].contains($0)
        }
    }

    @Test(
        "a redirect leads to the same target on a host of this gateway, and to no other host",
        arguments: [
            ("a.example", "/x?y=%20&z", 443, "https://a.example/x?y=%20&z"),
            ("A.Example:80", "/", 8443, "https://a.example:8443/"),
            ("faas.example.org.", "/f", 443, "https://faas.example.org/f"),
            ("192.0.2.1:8080", "/", 443, "https://192.0.2.1/"),
            ("[::1]:80", "/", 443, "https://[::1]/"),
            ("a.example", "//evil.example/", 443, "https://a.example//evil.example/"),
            ("a.example", "/\\evil", 443, "https://a.example/%5Cevil"),
            ("a.example", "/ä#part", 443, "https://a.example/%C3%A4"),
            ("evil.example", "/", 443, nil), ("a.example.evil.example", "/", 443, nil),
            (".a.example", "/", 443, nil), ("a..example", "/", 443, nil), ("-a.example", "/", 443, nil),
            ("a.example%00", "/", 443, nil), ("a.example,evil", "/", 443, nil), ("*.example", "/", 443, nil),
            ("user@a.example", "/", 443, nil), ("[::2]", "/", 443, nil), ("[a.example]", "/", 443, nil),
            ("", "/", 443, nil), (":80", "/", 443, nil), (nil, "/", 443, nil), ("a.example", "*", 443, nil),
        ] as [(String?, String, Int, String?)]
    )
    func hosts(authority: String?, target: String, port: Int, location: String?) {
        let answer = Self.rules().answer(authority: authority, target: target, port: port)
        if let location {
            #expect(answer == .moved(location))
        } else if case .refused(let problem) = answer {
            #expect(problem.status == 421)
        } else {
            Issue.record("\(answer)")
        }
    }

    @Test("before the port of HTTPS is known a request is told to come again")
    func tooEarly() {
        guard case .refused(let problem) = Self.rules().answer(authority: "a.example", target: "/", port: nil)
        else { return #expect(Bool(false)) }
        #expect(problem.status == 503)
    }

    @Test("a challenge's token is answered for any host, and an unknown one is not found")
    func challenges() {
        let table = ChallengeTable()
        #expect(table.publish("tok.print", for: "tok"))
        let path = "/.well-known/acme-challenge/"
        let rules = Self.rules(table)
        #expect(
            rules.answer(authority: "new.example", target: path + "tok", port: 443) == .challenge("tok.print")
        )
        #expect(
            rules.answer(authority: "a.example", target: path + "none", port: 443) == .refused(.unknownPath)
        )
        table.withdraw("tok")
        #expect(
            rules.answer(authority: "a.example", target: path + "tok", port: 443) == .refused(.unknownPath)
        )
        // Without an authority the path is a function's, as any other.
        let moved = Self.rules().answer(authority: "a.example", target: path + "tok", port: 443)
        #expect(moved == .moved("https://a.example" + path + "tok"))
    }

    @Test("no more challenges are open than the table holds")
    func tableBound() {
        let table = ChallengeTable()
        for number in 0..<ChallengeTable.countMax { #expect(table.publish("a", for: "\(number)")) }
        #expect(!table.publish("a", for: "more"))
        #expect(table.publish("b", for: "0") && table.answer(for: "0") == "b")
    }

    private static func with(
        _ change: (inout GatewayConfiguration) -> Void = { _ in },
        _ test: (WireClient, TestGateway) async throws -> Void
    ) async throws {
        try await TestGateway.run(.ending(.ok), nil) { configuration in
            var redirect = RedirectConfiguration(host: "127.0.0.1", port: 0)
            redirect.hosts = ["localhost"]
            redirect.challenges = ChallengeTable()
            _ = redirect.challenges?.publish("tok.print", for: "tok")
            configuration.redirect = redirect
            change(&configuration)
        } _: { gateway in
            try await test(try #require(gateway.redirect), gateway)
        }
    }

    @Test("every method is redirected with its target, and nothing else is served")
    func methods() async throws {
        try await Self.with { client, gateway in
            for method in ["GET", "HEAD", "POST", "DELETE", "OPTIONS", "PURGE"] {
                let answer = try await client.send(method, "/function/hello?a=b")
                #expect(answer.status == 308, "\(method)")
                let location = "https://localhost:\(gateway.client.port)/function/hello?a=b"
                #expect(answer["location"] == location, "\(method)")
                #expect(answer["x-call-id"] != nil && answer["date"] != nil)
            }
            #expect(try await client.send("GET", "/healthz").status == 308)
            #expect(try await client.send("GET", "/system/functions").status == 308)
            let foreign = "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
            #expect(try await client.raw(foreign).status == 421)
        }
    }

    @Test("a challenge is answered with its bytes, to GET and HEAD")
    func challengeOverHTTP() async throws {
        try await Self.with { client, _ in
            let path = "/.well-known/acme-challenge/tok"
            let answer = try await client.send("GET", path)
            #expect(answer.status == 200 && answer.body == "tok.print")
            #expect(answer["content-type"] == "application/octet-stream")
            let head = try await client.send("HEAD", path)
            #expect(head.status == 200 && head["content-length"] == "9")
            #expect(try await client.send("POST", path).status == 405)
            #expect(try await client.send("GET", path + "/../x").status == 404)
        }
    }

    @Test("no request makes the redirect split its answer, or leaves the connection open behind a body")
    func hostile() async throws {
        try await Self.with { client, _ in
            // The end of a line within a target or a host is no request.
            for text in [
                "GET /a\rSet-Cookie:x HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: localhost\rX: y\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
                "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: local host\r\n\r\n",
            ] {
                let answer = try await client.raw(text)
                #expect(answer.status == 400, "\(text)")
                #expect(answer["set-cookie"] == nil && answer["x"] == nil)
            }
            let escaped = try await client.send("GET", "/%0d%0aSet-Cookie:x")
            #expect(escaped["location"]?.hasSuffix("/%0d%0aSet-Cookie:x") == true)
            #expect(escaped["set-cookie"] == nil)
            // The second request here is the first one's body.
            let inner = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
            let post = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(inner.utf8.count)\r\n\r\n"
            let answer = try await client.raw(post + inner)
            #expect(answer.status == 308 && answer["connection"] == "close" && answer.rest == [])
        }
    }

    @Test("the redirecting listener has the limits of the other one")
    func limits() async throws {
        try await Self.with { configuration in
            configuration.limits.targetBytesMax = 100
            configuration.limits.headTimeout = .milliseconds(100)
        } _: { client, _ in
            let long = String(repeating: "a", count: 200)
            #expect(try await client.send("GET", "/" + long).status == 414)
            let slow = try await client.open(["GET / HT"])
            #expect(try await client.answer(slow).status == 408)
        }
    }

    @Test("an address in use is reported with the option that names it")
    func inUse() async throws {
        try await TestGateway.run { gateway in
            let port = gateway.client.port
            let failure = GatewayError.addressInUse(host: "127.0.0.1", port: port, option: "--tls-redirect")
            await #expect(throws: failure) {
                try await Self.with {
                    $0.redirect?.port = port
                } _: { _, _ in
                }
            }
        }
    }
}
