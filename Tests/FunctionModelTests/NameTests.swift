// SPDX-License-Identifier: Apache-2.0
// Function names, secret names and routes: tables of good and bad input.

import Foundation
import FunctionModel
import Testing

@Suite struct FunctionNameTests {
    @Test(
        "a name is read with or without the default namespace",
        arguments: [
            ("hello", "hello"), ("hello.openfaas-fn", "hello"), ("a", "a"), ("Word_Count-2", "Word_Count-2"),
            ("_x", "_x"), ("a.other", "a.other"),
            (String(repeating: "a", count: 63), String(repeating: "a", count: 63)),
        ]
    )
    func good(given: String, text: String) throws {
        #expect(try FunctionName(given).text == text)
    }

    @Test(
        "what could not be a host name or a path segment is refused",
        arguments: [
            "", ".", "..", "-a", "a-", "a.B", "a.", ".b", "a.-b", "a.b.c", "a/b", "../a", "a b", "a\n", "a\0",
            "ä", "a\u{301}", "a%2f",
            ".openfaas-fn", "-.openfaas-fn", "a.openfaas-fn.openfaas-fn", "a.other.openfaas-fn",
            String(repeating: "a", count: 64),
        ]
    )
    func bad(given: String) {
        let error = #expect(throws: ModelError.self) { try FunctionName(given) }
        #expect(error?.field == "name")
        #expect(error?.value == given)
    }

    @Test(
        "the namespace is behind the last dot or beside the name, and the two agree",
        arguments: [
            ("hello", nil, "hello", "openfaas-fn"), ("hello", "", "hello", "openfaas-fn"),
            ("hello", "openfaas-fn", "hello", "openfaas-fn"), ("hello.x-1", nil, "hello", "x-1"),
            ("hello", "x-1", "hello", "x-1"), ("hello.x-1", "x-1", "hello", "x-1"),
            ("hello.x-1", "y", nil, nil), ("hello.openfaas-fn", "y", nil, nil), ("hello", "Y", nil, nil),
            ("hello", "a.b", nil, nil), ("hello", "../x", nil, nil), ("hello.x-1", "openfaas-fn", nil, nil),
        ] as [(String, String?, String?, String?)]
    )
    func namespaces(given: String, namespace: String?, local: String?, found: String?) {
        let name = try? FunctionName(given, namespace: namespace)
        #expect(name?.localName == local)
        #expect(name?.namespace == found)
    }

    @Test("names of two namespaces are two names, and a manifest says its namespace elsewhere")
    func apart() throws {
        #expect(try FunctionName("a.x") != FunctionName("a.y"))
        #expect(try FunctionName("a.x") != FunctionName("a"))
        #expect(try FunctionName("a", namespace: "x") == FunctionName("a.x"))
        #expect(throws: ModelError.self) { try FunctionName(local: "a.x") }
        #expect(try FunctionName(local: "a.openfaas-fn").text == "a")
    }

    @Test("a name is coded as its text, and a bad one does not decode")
    func coded() throws {
        let name = try FunctionName("hello")
        #expect(try JSONEncoder().encode([name]) == Data("[\"hello\"]".utf8))
        #expect(throws: ModelError.self) {
            try JSONDecoder().decode([FunctionName].self, from: Data("[\"a/b\"]".utf8))
        }
        #expect(try FunctionName("a") < name)
    }
}

@Suite struct SecretNameTests {
    @Test("a plain file name is a secret's name", arguments: ["a", "API_KEY", "tls.crt", "-", "0.", "a..b"])
    func good(name: String) { #expect(SecretName.isValid(name)) }

    @Test(
        "a name that leaves or hides in the folder is none",
        arguments: ["", ".", "..", ".a", "a/b", "/a", "a\0b", "a b", "ä", String(repeating: "a", count: 254)]
    )
    func bad(name: String) { #expect(!SecretName.isValid(name)) }
}

@Suite struct RouteTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var text: String
        var method: String?
        var host: String?
        var path: String
        var isPrefix = false
        var testDescription: String { text }
    }

    @Test(
        "a route is read into method, host and path",
        arguments: [
            Row(text: "/hello", path: "/hello"),
            Row(text: "GET /hello", method: "GET", path: "/hello"),
            Row(text: "post  /hello", method: "POST", path: "/hello"),
            Row(text: "/api/*", path: "/api/", isPrefix: true),
            Row(text: "/*", path: "/", isPrefix: true),
            Row(text: "Hello.Example.com/", host: "hello.example.com", path: "/"),
            Row(text: "GET a.b/x*", method: "GET", host: "a.b", path: "/x", isPrefix: true),
            Row(text: "/a%20b/~x;y=1,2@:!$&'()+", path: "/a%20b/~x;y=1,2@:!$&'()+"),
            Row(text: "/functions", path: "/functions"),
            Row(text: "/...", path: "/..."),
            Row(text: "own.example.com/system/x", host: "own.example.com", path: "/system/x"),
        ]
    )
    func good(row: Row) throws {
        let route = try Route(row.text)
        #expect(route.method == row.method)
        #expect(route.host == row.host)
        #expect(route.path == row.path)
        #expect(route.isPrefix == row.isPrefix)
        #expect(try Route(route.description) == route)
    }

    @Test(
        "what no request can match, or what belongs to the gateway, is refused",
        arguments: [
            "", " ", "hello", "GET", "GET hello", "GET POST /x", "G3T /x", "/a b c", "/a*b", "/**", "*/a",
            "/a?b",
            "/a#b", "a*.com/", "/grüß", "/a\n", "/a\r\nx", "/a\tb", "GET\t/a", "/a\0", "/a*\u{301}",
            "/a/../b",
            "/..", "/./a", "host:8080/", "[::1]/", "us er@h/", "/system", "/system/*", "/system*",
            "/function/x",
            "/async-function/x", "/v1/invocations", "/healthz", "/readyz", "/metrics", "/ui/", "GET /ui",
            "/2015-03-31/functions/x", "/" + String(repeating: "a", count: 2048),
            String(repeating: "a", count: 254) + "/",
        ]
    )
    func bad(text: String) {
        let error = #expect(throws: ModelError.self) { try Route(text) }
        #expect(error?.field == "routes")
        #expect(error?.value == text)
    }
}
