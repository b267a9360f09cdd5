// SPDX-License-Identifier: Apache-2.0
// Which request goes to which function, as tables.

import FunctionModel
import Testing

@testable import Gateway

@Suite struct RouteTableTests {
    private static func table(_ functions: [(String, [String])]) throws -> RouteTable {
        let metrics = MetricsRegistry()
        let revisions = try functions.map { name, routes in
            try makeRevision(name) { $0.routes = routes.compactMap { try? Route($0) } }
        }
        return RouteTable(revisions, metrics: metrics.function)
    }

    private static func text(_ lookup: RouteLookup) -> String {
        switch lookup {
        case .found(let match): "\(match.function.name) \(match.scriptName) \(match.rest)"
        case .otherMethods(let allow): "405 \(allow)"
        case .none: "404"
        }
    }

    @Test(
        "the longest route wins, exact before prefix, the method's own before any",
        arguments: [
            ("GET", "/hello", "exact /hello "),
            ("POST", "/hello", "exact /hello "),
            ("GET", "/hello/", "all  /hello/"),
            ("GET", "/hell", "all  /hell"),
            ("GET", "/api/x", "api /api /x"),
            ("GET", "/api/", "api /api /"),
            ("GET", "/api", "all  /api"),
            ("GET", "/api/v2/x/y", "deep /api/v2 /x/y"),
            ("GET", "/api/v20", "api /api /v20"),
            ("GET", "/save", "reader /save "),
            ("HEAD", "/save", "reader /save "),
            ("POST", "/save", "writer /save "),
            ("PUT", "/save", "all  /save"),
            ("GET", "/pre", "glued /pre "),
            ("GET", "/prefix/x", "glued /prefix /x"),
            ("GET", "/", "all  /"),
        ]
    ) func longest(_ method: String, _ path: String, _ expected: String) throws {
        let table = try Self.table([
            ("all", ["/*"]), ("exact", ["/hello"]), ("api", ["/api/*"]), ("deep", ["/api/v2/*"]),
            ("reader", ["GET /save"]), ("writer", ["POST /save"]), ("glued", ["/pre*"]),
        ])
        #expect(Self.text(table.match(path[...], method: method)) == expected)
    }

    @Test("a path that is routed for other methods only names them")
    func otherMethods() throws {
        let table = try Self.table([("a", ["GET /x", "PUT /x"])])
        #expect(Self.text(table.match("/x", method: "POST")) == "405 GET, PUT")
        #expect(Self.text(table.match("/y", method: "GET")) == "404")
        #expect(Self.text(table.match("", method: "GET")) == "404")
    }

    @Test("of two functions with one route the alphabetically first keeps it")
    func sameRoute() throws {
        let table = try Self.table([("b", ["/x"]), ("a", ["/x"])])
        #expect(Self.text(table.match("/x", method: "GET")) == "a /x ")
    }

    @Test("a host's routes serve that host only")
    func hosts() throws {
        let table = try Self.table([("a", ["one.example.com/*"]), ("b", ["/x"])])
        #expect(table.hasHosts)
        #expect(Self.text(table.hostMatch("one.example.com", "/x", method: "GET")) == "a  /x")
        #expect(Self.text(table.hostMatch("two.example.com", "/x", method: "GET")) == "404")
        #expect(Self.text(table.match("/y", method: "GET")) == "404")
    }

    @Test(
        "/function/NAME always works, with the namespace's suffix and a rest",
        arguments: [
            ("hello", "hello /function/hello "),
            ("hello/", "hello /function/hello /"),
            ("hello/a/b", "hello /function/hello /a/b"),
            ("hello.openfaas-fn", "hello /function/hello "),
            ("hello.openfaas-fn/a", "hello /function/hello /a"),
            ("hello.other", nil),
            ("Hello", nil),
            ("", nil),
            ("/hello", nil),
        ] as [(String, String?)]
    ) func function(_ tail: String, _ expected: String?) throws {
        let table = try Self.table([("hello", [])])
        var found: String?
        if case .found(let match) = table.functionMatch(tail[...], draw: { 0 }) {
            found = Self.text(.found(match))
        }
        #expect(found == expected)
    }

    @Test("ten thousand routes are all found, and none that was not added")
    func many() throws {
        var trie = RouteTrie()
        let target = FunctionTarget(try makeRevision("a"), metrics: FunctionMetrics())
        for number in 0..<10_000 {
            trie.insert("/r/\(number)", isPrefix: false, .init(method: "\(number)", function: target))
        }
        for number in 0..<10_000 {
            let found = trie.candidates("/r/\(number)"[...].utf8)
            #expect(found.map(\.entries).map { $0.map(\.method) } == [["\(number)"]])
        }
        #expect(trie.candidates("/r/10000"[...].utf8).isEmpty)
        #expect(trie.candidates("/r/"[...].utf8).isEmpty)
    }
}
