// SPDX-License-Identifier: Apache-2.0
// What a browser can be made to send to administrative paths, and how often a password may be guessed.

import FunctionModel
import FunctionStore
import HTTPTypes
import Logging
import Scheduler
import Testing

@testable import Gateway

@Suite struct AdminGateTests {
    private static let hosts = AdminHosts(["Faas.Example.org"])

    private static func status(
        _ method: HTTPRequest.Method,
        host: String = "127.0.0.1:8080",
        _ fields: [(String, String)]
    ) throws -> Int? {
        var head = HTTPRequest(method: method, scheme: "http", authority: host, path: "/system/functions")
        for (name, value) in fields {
            head.headerFields.append(HTTPField(name: try #require(HTTPField.Name(name)), value: value))
        }
        return AdminGate.refusal(of: head, hosts)?.status
    }

    @Test(
        "what another site makes a browser send is refused, what clients and the gateway's own pages send is not",
        arguments: [
            ([("Origin", "http://evil.example"), ("Content-Type", "application/json")], 403),
            ([("Origin", "null")], 403),
            ([("Origin", "http://127.0.0.1:9090")], 403),
            ([("Sec-Fetch-Site", "cross-site")], 403),
            ([("Sec-Fetch-Site", "same-site")], 403),
            ([("Content-Length", "2"), ("Content-Type", "text/plain")], 415),
            ([("Content-Length", "2"), ("Content-Type", "Text/Plain; charset=x")], 415),
            (
                [
                    ("Sec-Fetch-Site", "same-origin"), ("Content-Length", "2"),
                    ("Content-Type", "application/x-www-form-urlencoded"),
                ], 415
            ),
            // curl -d, and Swift's URLSession.
            ([("Content-Length", "2"), ("Content-Type", "application/x-www-form-urlencoded")], nil),
            ([("Transfer-Encoding", "chunked"), ("Content-Type", "multipart/form-data; boundary=x")], 415),
            ([("Origin", "http://127.0.0.1:8080"), ("Content-Length", "2")], 415),
            (
                [
                    ("Origin", "http://127.0.0.1:8080"), ("Content-Length", "2"),
                    ("Content-Type", "application/json"),
                ], nil
            ),
            ([("Sec-Fetch-Site", "same-origin"), ("Origin", "https://public.example")], nil),
            ([("Content-Length", "2"), ("Content-Type", "application/json")], nil),
            // OpenFaaS's Go SDK names no type.
            ([("Content-Length", "2")], nil),
            ([], nil),
        ] as [([(String, String)], Int?)]
    ) func browsers(_ fields: [(String, String)], _ status: Int?) throws {
        for method in [HTTPRequest.Method.post, .put, .delete] {
            #expect(try Self.status(method, fields) == status)
        }
    }

    @Test(
        "administrative paths are served under names that only this machine can have",
        arguments: [
            ("127.0.0.1:8080", true), ("[::1]:8080", true), ("192.168.1.9", true), ("localhost", true),
            ("LOCALHOST:8080", true), ("gateway.localhost", true), ("box:8080", true), ("box.", true),
            ("gateway:8080", true),
            ("faas.example.org", true), ("evil.example:8080", false), ("box.evil.example", false),
            ("127.0.0.1.evil.example", false), ("localhost.evil.example", false),
        ]
    ) func names(_ host: String, _ isAllowed: Bool) throws {
        #expect(try Self.status(.get, host: host, []) == (isAllowed ? nil : 403))
        #expect(AdminHosts(["*"]).allows(host))
    }

    @Test("a form of another site changes nothing, also with the right credentials")
    func formPost() async throws {
        try await TestGateway.run { gateway in
            let form = [
                TestGateway.authorization, "Origin: http://evil.example", "Sec-Fetch-Site: cross-site",
                "Content-Type: text/plain",
            ]
            for path in ["/system/functions", "/system/secrets", "/v1/image-store/prune"] {
                let answer = try await gateway.client.send("POST", path, headers: form, body: "{}")
                #expect(answer.status == 403, "\(path)")
                #expect(answer["content-type"] == "application/problem+json")
            }
            let rebound = try await gateway.client.raw(
                "GET /system/functions HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n"
                    + TestGateway.authorization + "\r\n\r\n"
            )
            #expect(rebound.status == 403)
        }
    }

    @Test("/metrics asks for credentials when it is configured to")
    func metrics() async throws {
        try await TestGateway.run(.ending(.ok), nil, { $0.metricsNeedCredentials = true }) { gateway in
            let anonymous = try await gateway.client.send("GET", "/metrics")
            #expect(anonymous.status == 401)
            let admin = try await gateway.client.send("GET", "/metrics", headers: [TestGateway.authorization])
            #expect(admin.status == 200)
        }
    }

    // MARK: Guessing

    @Test("after a few wrong passwords each further one waits, and too many at once are not looked at")
    func throttle() {
        var throttle = LoginThrottle()
        let start = ContinuousClock.now
        let first = throttle.failed("a", at: start)
        #expect(first == .init(waits: false, logs: 1))
        for _ in 1..<LoginThrottle.freeFailures {
            let failure = throttle.failed("a", at: start)
            #expect(failure == .init(waits: false, logs: nil))
        }
        for _ in 0..<LoginThrottle.waitingMax {
            #expect(throttle.mayTry("a"))
            let failure = throttle.failed("a", at: start)
            #expect(failure.waits)
        }
        #expect(!throttle.mayTry("a"))
        #expect(throttle.mayTry("b"))
        throttle.waited("a")
        #expect(throttle.mayTry("a"))
        let later = throttle.failed("a", at: start + LoginThrottle.logInterval)
        #expect(later.logs == LoginThrottle.freeFailures + LoginThrottle.waitingMax + 1)
    }

    @Test("the count of a quiet address starts again, and addresses are bounded")
    func forgetting() {
        var throttle = LoginThrottle()
        let start = ContinuousClock.now
        for _ in 0...LoginThrottle.freeFailures { _ = throttle.failed("a", at: start) }
        throttle.waited("a")
        let later = start + LoginThrottle.memory + .seconds(1)
        let again = throttle.failed("a", at: later)
        #expect(!again.waits)
        for number in 0..<3 * LoginThrottle.addressesMax { _ = throttle.failed("n\(number)", at: later) }
        #expect(throttle.count <= LoginThrottle.addressesMax + 1)
        let stranger = throttle.failed("stranger", at: later)
        #expect(stranger.waits, "strangers beyond the bound share one entry")
    }

    @Test("guesses at once are slowed down or not looked at; the right password passes at once afterwards")
    func slowed() async throws {
        let directory = try TestGateway.makeDirectory()
        defer { TestGateway.removeDirectory(directory) }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let guardian = LoginGuard(
            credentials: AdminCredentials(user: "admin", password: "secret"),
            tokens: TokenBook(
                store: try SQLiteStore(path: directory + "/mayfly.sqlite", logger: logger),
                logger: logger
            ),
            keys: AccessKeys(key: [1]),
            logger: logger
        )
        let codes = await withTaskGroup(of: Problem.Code?.self) { tasks in
            for _ in 0..<100 {
                tasks.addTask {
                    guard case .refused(let problem) = await guardian.check("Basic YWRtaW46eA==", from: "a")
                    else {
                        return nil
                    }
                    return problem.code
                }
            }
            var codes: [Problem.Code?] = []
            for await code in tasks { codes.append(code) }
            return codes
        }
        #expect(codes.allSatisfy { $0 == .unauthorized || $0 == .tooManyAttempts })
        #expect(codes.contains(.tooManyAttempts))
        guard case .caller = await guardian.check("Basic YWRtaW46c2VjcmV0", from: "a") else {
            Issue.record("the right password was refused")
            return
        }
    }
}
