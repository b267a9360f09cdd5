// SPDX-License-Identifier: Apache-2.0
// Every route that the router has asks for the right that the table names.

import Foundation
import FunctionModel
import GatewayAPI
import HTTPTypes
import Testing

@testable import Gateway

@Suite("The table of routes")
struct RouteRulesTests {
    /// A path of a route's pattern.
    private static func path(_ pattern: String) -> String {
        pattern.split(separator: "/", omittingEmptySubsequences: false).map { segment in
            segment.hasPrefix("{") || segment.hasPrefix(":") ? "x" : segment == "**" ? "x/y" : String(segment)
        }.joined(separator: "/")
    }

    private static func isOpen(_ method: String, _ path: String) -> Bool {
        ["/", "/healthz", "/readyz", "/metrics"].contains(path) || path.hasPrefix("/ui/")
    }

    /// Paths of AWS Lambda's API, whose operations have rules of their own and whose errors are AWS's.
    private static func isLambda(_ path: String) -> Bool {
        LambdaRoute.versions.contains(path.dropFirst().prefix { $0 != "/" })
    }

    @Test("has a rule for every route: without one even the administrator is refused")
    func complete() async throws {
        try await TestGateway.run(withEveryPath: true) { gateway in
            #expect(gateway.routes.count > 150)
            // Its answer has no end; that its rule exists is seen in the table.
            #expect(RouteRules.rule(.get, APIPath.containerEvents) != nil)
            for (method, pattern) in gateway.routes where pattern != APIPath.containerEvents {
                let answer = try await gateway.client.send(
                    method.rawValue,
                    Self.path(pattern),
                    headers: [TestGateway.authorization, "Content-Type: application/json"]
                )
                #expect(answer.status != 401 && answer.status != 403, "\(method) \(pattern)")
            }
        }
    }

    @Test("admits without credentials to the open paths only, and a token without the scope to none")
    func guarded() async throws {
        try await TestGateway.run(withEveryPath: true) { gateway in
            let token = try await gateway.token(#"{"scopes":["invoke"]}"#)
            for (method, pattern) in gateway.routes {
                let path = Self.path(pattern)
                guard !Self.isOpen(method.rawValue, path), !Self.isLambda(path) else { continue }
                let anonymous = try await gateway.client.send(method.rawValue, path)
                #expect(anonymous.status == 401, "\(method) \(pattern)")
                let scoped = try await gateway.client.send(
                    method.rawValue,
                    path,
                    headers: ["Authorization: Bearer " + token.text, "Content-Type: application/json"]
                )
                #expect([403, 405].contains(scoped.status), "\(method) \(pattern): \(scoped.status)")
            }
        }
    }

    @Test("lists no route that the router does not have")
    func noneTooMany() async throws {
        try await TestGateway.run(withEveryPath: true) { gateway in
            let known = Set(gateway.routes.map { "\($0.method) \(Self.path($0.pattern))" })
            for (pattern, method, _) in RouteRules.all {
                #expect(known.contains("\(method) \(Self.path(pattern))"), "\(method) \(pattern)")
            }
        }
    }

    @Test("asks for admin where a request reaches the machine or other credentials")
    func machine() {
        let adminOnly = [
            ("POST", APIPath.containers), ("POST", APIPattern.containerInput.pattern),
            ("POST", APIPattern.containerExec.pattern),
            ("GET", APIPath.tokens), ("POST", APIPath.tokens), ("DELETE", APIPattern.token.pattern),
        ]
        for (method, pattern) in adminOnly {
            let rule = HTTPRequest.Method(method).flatMap { RouteRules.rule($0, pattern) }
            #expect(rule?.scope == .admin, "\(method) \(pattern)")
        }
    }

    @Test("asks for more than read wherever something changes")
    func changes() {
        // A wait is a POST with Docker, and changes nothing.
        let reading = APIPattern.containerWait.pattern
        #expect(RouteRules.rule(.post, reading)?.scope == .read)
        for (pattern, method, rule) in RouteRules.all where method != .get && pattern != reading {
            let wanted: Set<TokenScope?> = pattern == APIPath.run ? [.sandbox] : [.deploy, .admin]
            #expect(wanted.contains(rule.scope), "\(method) \(pattern)")
        }
    }
}
