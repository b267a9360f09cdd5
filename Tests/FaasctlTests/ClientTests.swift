// SPDX-License-Identifier: Apache-2.0
// What the client decides without a network: credentials, lines, reasons, exit codes.

import ArgumentParser
import ArgumentParser
import Foundation
import Testing

@testable import faasctl

@Suite struct ClientTests {
    @Test(
        "the data folder's password goes to this machine only",
        arguments: [
            ("http://127.0.0.1:8080", true), ("http://localhost:1", true), ("http://[::1]:8080", true),
            ("http://127.1.2.3", true), ("http://127.evil.example", false), ("http://10.0.0.1:8080", false),
            ("http://example.com", false),
        ]
    )
    func knowsLoopback(address: String, isLocal: Bool) {
        #expect(BasicCredentials.isLoopback(address) == isLocal)
    }

    @Test("credentials of the environment win and hide their password in descriptions")
    func readsEnvironment() {
        let environment = ["FAASCTL_USER": "u", "FAASCTL_PASSWORD": "secret"]
        let credentials = BasicCredentials.find(address: "http://example.com", environment: environment)
        #expect(credentials?.authorization == "Basic dTpzZWNyZXQ=")
        #expect(credentials?.description == "u:***")
    }

    @Test("a token of the environment is used instead of a password, and goes along with calls of functions")
    func prefersToken() {
        let environment = ["FAASCTL_USER": "u", "FAASCTL_PASSWORD": "secret", "FAASCTL_TOKEN": " mf_1\n"]
        let token = ClientCredentials.find(address: "http://example.com", environment: environment)
        #expect(token?.authorization == "Bearer mf_1")
        #expect(token?.description == "token ***")
        var call = GatewayRequest("POST", "/function/hello")
        call.isAdministrative = false
        #expect(token?.belong(to: call) == true)
        let password = ClientCredentials.find(
            address: "http://example.com",
            environment: ["FAASCTL_USER": "u", "FAASCTL_PASSWORD": "secret", "FAASCTL_TOKEN": ""]
        )
        #expect(password?.authorization == "Basic dTpzZWNyZXQ=")
        #expect(password?.belong(to: call) == false)
        #expect(password?.belong(to: GatewayRequest("GET", "/v1/tokens")) == true)
    }

    @Test(
        "a gateway over http is refused together with --tls-ca, whatever names it",
        arguments: [
            (["--tls-ca", "f", "--gateway", "http://a"], nil), (["--tls-ca", "f", "--gateway", "a"], nil),
            (["--tls-ca", "f"], nil), (["--gateway", "http://a"], "e"),
            (["--gateway", "https://a"], "e"), (["--tls-ca", "f", "--gateway", "https://a"], "f"),
        ] as [([String], String?)]
    )
    func refusesUselessRoots(words: [String], roots: String?) throws {
        let options = try GlobalOptions.parse(words)
        let environment = ["FAASCTL_TLS_CA": "e"]
        guard let roots else {
            let failure = #expect(throws: CommandFailure.self) {
                try options.client(environment: environment)
            }
            #expect(failure?.what.contains("--tls-ca") == true)
            return
        }
        #expect(try options.client(environment: environment).trustedRoots == roots)
    }

    @Test("lines are whole however they arrive")
    func splitsLines() {
        var splitter = ResponseLineSplitter()
        var lines: [Data] = []
        for byte in Data("one\ntwo\n\nthr".utf8) { lines += splitter.append(Data([byte])) }
        #expect(lines == [Data("one".utf8), Data("two".utf8)])
        #expect(splitter.finish() == Data("thr".utf8))
        #expect(splitter.finish() == nil)
    }

    @Test("a line without end is handed over in parts")
    func boundsLines() {
        var splitter = ResponseLineSplitter()
        let lines = splitter.append(Data(repeating: 65, count: ResponseLineSplitter.lineBytesMax + 1))
        #expect(lines.count == 1)
        #expect(splitter.finish() == nil)
    }

    @Test(
        "the gateway's reason is its detail, its text or its status",
        arguments: [
            ("application/problem+json", #"{"title":"T","detail":"why","code":"c"}"#, "why"),
            ("application/problem+json", #"{"title":"T"}"#, "T"),
            ("text/plain", "no such thing\nmore", "no such thing"),
            ("text/html", "<html>", "the gateway answered with status 400"),
            ("application/json", "{", "{"),
        ]
    )
    func findsReason(type: String, body: String, reason: String) {
        let head = GatewayResponseHead(status: 400, headers: ["content-type": type])
        #expect(GatewayClient.reason(GatewayResponse(head: head, body: Data(body.utf8))) == reason)
    }

    @Test(
        "invoke exits by the status, or by the function's own end with --exit-code",
        arguments: [
            (200, [:], false, 0), (404, [:], false, 1), (500, ["x-exit-code": "42"], false, 1),
            (500, ["x-exit-code": "42"], true, 42), (200, ["x-exit-code": "0"], true, 0),
            (500, ["x-exit-signal": "11"], true, 139),
            (504, ["x-outcome": "timeout", "x-exit-signal": "9"], true, 124), (504, [:], true, 1),
        ] as [(Int, [String: String], Bool, Int32)]
    )
    func exitsAsAsked(status: Int, headers: [String: String], wanted: Bool, code: Int32) {
        let head = GatewayResponseHead(status: status, headers: headers)
        #expect(InvocationExit.code(head, isFunctionCodeWanted: wanted) == code)
    }

    @Test("failures are one line whatever the gateway answered")
    func failuresAreOneLine() {
        let failure = CommandFailure("cannot do", why: "a\nb", next: "try c")
        #expect(failure.description == "cannot do: a b; try c")
    }

    @Test("JSON is rewritten as block YAML, with quotes only where needed")
    func writesYAML() throws {
        let json = Data(#"{"a":"x","n":1,"s":"1","l":[{"k":true}],"e":[]}"#.utf8)
        #expect(try YAMLOutput.text(ofJSON: json) == "a: x\nn: 1\ns: \"1\"\nl:\n- k: true\ne: []\n")
    }
}
