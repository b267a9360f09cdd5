// SPDX-License-Identifier: Apache-2.0
// Images made for OpenFaaS: what their watchdog would start.

import FunctionModel
import Testing

@testable import Scheduler

@Suite("An image of OpenFaaS")
struct WatchdogImageTests {
    private static func find(
        _ command: [String],
        _ environment: [String: String]
    ) throws(ModelError) -> WatchdogImage? {
        try WatchdogImage.find(command, environment, FunctionConfiguration())
    }

    private static func find(
        _ environment: [String: String],
        _ change: (inout FunctionConfiguration) -> Void = { _ in }
    ) throws(ModelError) -> WatchdogImage? {
        var configuration = FunctionConfiguration()
        change(&configuration)
        return try WatchdogImage.find(["fwatchdog"], environment, configuration)
    }

    private static let server = [
        "fprocess": "node index.js", "mode": "http", "upstream_url": "http://127.0.0.1:3000",
    ]

    @Test(
        "of the classic watchdog is its program, and so is one of of-watchdog that starts it for each request"
    )
    func programs() throws {
        #expect(try Self.find(["fprocess": "cat"]) == .program(["cat"]))
        let words = try Self.find(["/usr/bin/fwatchdog"], ["fprocess": " python3  index.py "])
        #expect(words == .program(["python3", "index.py"]))
        #expect(try Self.find(["/bin/sh", "-c", "./fwatchdog"], ["fprocess": "cat"]) == .program(["cat"]))
        for mode in ["streaming", "serializing"] {
            #expect(try Self.find(["fprocess": "cat", "mode": mode]) == .program(["cat"]))
        }
        #expect(try Self.find(["function_process": "cat"]) == .program(["cat"]))
        for other in [["cat"], ["fwatchdog", "x"], [], ["/bin/sh", "-c", "echo fwatchdog"]] {
            #expect(try Self.find(other, ["fprocess": "x"]) == nil)
        }
    }

    @Test("of of-watchdog in mode http is a server on its upstream's port")
    func servers() throws {
        for (upstream, port) in [
            ("http://127.0.0.1:5000", 5000), ("http://127.0.0.1:3000/", 3000), ("localhost:82", 82),
            ("http://localhost", 80),
        ] {
            let variables = Self.server.merging(["upstream_url": upstream]) { $1 }
            let found = try #require(try Self.find(variables))
            #expect(found == .server(["node", "index.js"], port: port))
            let applied = try found.applied(to: FunctionConfiguration())
            #expect(applied.contract == .http && applied.port == port)
            // As a restart reads it from the store.
            let again = try #require(try WatchdogImage.find(["fwatchdog"], variables, applied))
            #expect(try again == found && again.applied(to: applied) == applied)
        }
    }

    @Test("starts the function's own command in place of fprocess, as OpenFaaS's envProcess")
    func ownCommand() throws {
        #expect(try Self.find([:]) { $0.command = ["cat"] } == .program(["cat"]))
        #expect(try Self.find(["fprocess": "x"]) { $0.command = ["cat"] } == .program(["cat"]))
        let same = try Self.find(Self.server) { $0.command = ["node", "index.js"] }
        #expect(same == .server(["node", "index.js"], port: 3000))
        #expect(try Self.find(Self.server) { $0.command = ["env"] } == .program(["env"]))
    }

    @Test("runs the watchdog itself for a function that says contract http")
    func itself() throws {
        for mode in ["static", "inproc", "streaming"] {
            #expect(try Self.find(["fprocess": "x", "mode": mode]) { $0.contract = .http } == nil)
        }
        #expect(
            try Self.find(Self.server) {
                $0.contract = .http
                $0.port = 8080
            } == nil
        )
    }

    @Test(
        "that is not served is refused by name",
        arguments: [
            ([:], "environment.fprocess"), (["fprocess": " "], "environment.fprocess"),
            (["fprocess": "x", "mode": "static"], "environment.mode"),
            (["fprocess": "x", "mode": "inproc"], "environment.mode"),
            (["fprocess": "x", "mode": ""], "environment.mode"),
            (["fprocess": "x", "mode": "http"], "environment.upstream_url"),
            (["mode": "http", "upstream_url": "http://127.0.0.1:5"], "environment.fprocess"),
            (
                ["fprocess": "x", "mode": "http", "upstream_url": "http://10.0.0.1:5"],
                "environment.upstream_url"
            ),
            (
                ["fprocess": "x", "mode": "http", "upstream_url": "http://127.0.0.1:0"],
                "environment.upstream_url"
            ),
            (
                ["fprocess": "x", "mode": "http", "upstream_url": "http://127.0.0.1:x"],
                "environment.upstream_url"
            ),
        ] as [([String: String], String)]
    )
    func refuses(variables: [String: String], field: String) {
        let mistake = #expect(throws: ModelError.self) { try Self.find(variables) }
        #expect(mistake?.field == field)
    }

    @Test("leaves the content type to a server, which OpenFaaS's variable would set")
    func contentType() throws {
        var configuration = FunctionConfiguration()
        configuration.environment = ["content_type": "text/plain"]
        configuration.contentType = "text/plain"
        let found = WatchdogImage.server(["x"], port: 1)
        #expect(try found.applied(to: configuration).contentType == nil)
        configuration.contentType = "text/html"
        #expect(try found.applied(to: configuration).contentType == "text/html")
        #expect(try WatchdogImage.program(["x"]).applied(to: configuration).contentType == "text/html")
    }

    @Test("keeps to the contracts that its program can have")
    func contracts() throws {
        var configuration = FunctionConfiguration()
        configuration.contract = .cgi
        #expect(try WatchdogImage.program(["x"]).applied(to: configuration) == configuration)
        #expect(throws: ModelError.self) {
            try WatchdogImage.server(["x"], port: 1).applied(to: configuration)
        }
        configuration.contract = .lambda
        #expect(throws: ModelError.self) { try WatchdogImage.program(["x"]).applied(to: configuration) }
        configuration.contract = .stdio
        configuration.prestart = true
        #expect(throws: ModelError.self) {
            try WatchdogImage.server(["x"], port: 1).applied(to: configuration)
        }
    }
}
