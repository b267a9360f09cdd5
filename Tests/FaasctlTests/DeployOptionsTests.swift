// SPDX-License-Identifier: Apache-2.0
// The flags of deploy over a configuration.

import ArgumentParser
import FunctionModel
import Testing

@testable import faasctl

@Suite struct DeployOptionsTests {
    private static func apply(
        _ arguments: [String],
        to start: FunctionConfiguration = .init()
    ) throws -> FunctionConfiguration {
        var configuration = start
        try DeployOptions.parse(arguments).apply(to: &configuration)
        return configuration
    }

    @Test("every documented flag overrides the configuration")
    func appliesFlags() throws {
        var start = FunctionConfiguration()
        start.environment = ["KEPT": "1", "CHANGED": "old"]
        start.secrets = ["first"]
        let result = try Self.apply(
            [
                "--route", "GET /a", "--route", "/b/*", "--env", "CHANGED=new=er", "-e", "EMPTY=",
                "--secret", "first", "--secret", "second", "--contract", "http", "--port", "81",
                "--ready-path", "/up", "--reuse", "9", "--memory", "64Mi",
                "--cpu", "250m", "--pids", "5", "--timeout", "3s", "--concurrency", "2", "--warm", "1:4",
                "--network", "egress", "--read-only", "--schedule", "@daily", "--timezone", "Europe/Berlin",
                "--label", "a=b", "--annotation", "c=d", "--memory-request", "32Mi", "--cpu-request", "100m",
                "--constraint", "node.platform.os == linux", "--async-attempts", "9", "--async-min-wait",
                "2s",
                "--async-max-wait", "1m", "--async-max-age", "1h", "--async-codes", "500, 503",
            ],
            to: start
        )
        #expect(result.routes.map(\.description) == ["GET /a", "/b/*"])
        #expect(result.environment == ["KEPT": "1", "CHANGED": "new=er", "EMPTY": ""])
        #expect(result.secrets == ["first", "second"])
        #expect(result.contract == .http)
        #expect(result.port == 81)
        #expect(result.readyPath == "/up")
        #expect(result.reuse == 9)
        #expect(result.limits.memory == .mebibytes(64))
        #expect(result.limits.cpu == Millicores(count: 250))
        #expect(result.limits.pids == 5)
        #expect(result.timeout == .seconds(3))
        #expect(result.concurrency == 2)
        #expect(result.warm.min == 1)
        #expect(result.warm.max == 4)
        #expect(result.network == .egress)
        #expect(result.readOnlyRootFilesystem)
        #expect(result.schedules.map(\.cron) == ["@daily"])
        #expect(result.schedules.first?.timezone == "Europe/Berlin")
        #expect(result.asynchronous.attempts == 9)
        #expect(result.asynchronous.minWait == .seconds(2))
        #expect(result.asynchronous.maxWait == .seconds(60))
        #expect(result.asynchronous.maxAge == .seconds(3600))
        #expect(result.asynchronous.codes == [500, 503])
        #expect(result.labels == ["a": "b"])
        #expect(result.annotations == ["c": "d"])
        #expect(result.requests.memory == .mebibytes(32))
        #expect(result.requests.cpu == Millicores(count: 100))
        #expect(result.constraints == ["node.platform.os == linux"])
    }

    @Test("a flag applies to a stdio function, and is refused with another contract")
    func prestart() throws {
        #expect(try Self.apply(["--prestart"], to: FunctionConfiguration()).prestart)
        #expect(throws: ValidationError.self) {
            try Self.apply(["--prestart", "--contract", "cgi"], to: FunctionConfiguration())
        }
    }

    @Test("a template is wanted by a flag, and refused without a program that starts ahead")
    func template() throws {
        #expect(try Self.apply(["--prestart", "--template"], to: FunctionConfiguration()).template)
        #expect(try Self.apply(["--contract", "http", "--template"], to: FunctionConfiguration()).template)
        for others in [[], ["--contract", "cgi"], ["--prestart", "--network", "egress"]] {
            #expect(throws: ValidationError.self, "\(others)") {
                try Self.apply(["--template"] + others, to: FunctionConfiguration())
            }
        }
    }

    @Test("the flags about callers override the configuration")
    func callers() throws {
        #expect(try Self.apply(["--auth", "token"]).authentication == .token)
        #expect(
            try Self.apply(["--auth", "hmac:stripe:hook.key"]).authentication
                == .hmac(WebhookAuthentication(secret: "hook.key", scheme: .stripe))
        )
        let cors = try Self.apply(["--cors-origin", "https://a", "--cors-origin", "https://b"]).cors
        #expect(cors?.origins == ["https://a", "https://b"])
        var start = FunctionConfiguration()
        start.rate = RateConfiguration(requests: try RequestRate("5/m", field: ""))
        start.rate?.burst = 7
        let rate = try Self.apply(["--rate", "100/s", "--rate-per", "function"], to: start).rate
        #expect(rate?.requests.description == "100/s")
        #expect(rate?.burst == 7)
        #expect(rate?.per == .function)
        #expect(try Self.apply(["--rate-burst", "9"], to: start).rate?.burst == 9)
        for flags in [["--rate", "fast"], ["--rate-burst", "3"], ["--cors-origin", "a.b"]] {
            #expect(throws: ValidationError.self, "\(flags)") { try Self.apply(flags) }
        }
        for text in ["root", "hmac", "hmac:sha1:x", "hmac:github:", "hmac:github:a:b", "hmac:github:../x"] {
            #expect(throws: ValidationError.self, "\(text)") { try Self.apply(["--auth", text]) }
        }
    }

    @Test("without flags nothing changes")
    func changesNothing() throws {
        var start = FunctionConfiguration()
        start.concurrency = 7
        start.schedules = [ScheduleConfiguration(cron: "@hourly")]
        #expect(try Self.apply([], to: start) == start)
    }

    @Test(
        "a bad value is a usage error that names the flag",
        arguments: [
            (["--env", "=x"], "--env: '=x' is not valid, expected KEY=VALUE"),
            (["--memory", "lots"], "--memory: 'lots' is not valid"),
            (["--warm", "3"], "--warm: '3' is not valid, expected MIN:MAX such as 1:8"),
            (["--timezone", "UTC"], "--timezone needs --schedule"),
            (
                ["--port", "81"],
                "port: '81' is not valid, expected none with 'contract: stdio': only 'http' uses it"
            ),
            (["--concurrency", "0"], "concurrency: '0' is not valid, expected 1 to 4096"),
            (["--route", "x"], "routes: 'x' is not valid"),
            (
                ["--memory-request", "1Gi"],
                "requests.memory: '1Gi' is not valid, expected at most limits.memory"
            ),
        ]
    )
    func tellsMistakes(arguments: [String], message: String) {
        let error = #expect(throws: (any Error).self) { try Self.apply(arguments) }
        #expect("\(String(describing: error))".contains(message))
    }

    @Test(
        "a flag that changes a build is refused where nothing is built",
        arguments: [
            ["--target", "x"], ["--build-arg", "a=b"], ["--no-cache"], ["--platform", "linux/arm64"],
            ["-f", "x"],
        ]
    )
    func refusesBuildFlags(flags: [String]) {
        let error = #expect(throws: (any Error).self) {
            try Faasctl.parseAsRoot(["deploy", "x", "--image", "x"] + flags)
        }
        guard let error else { return }
        #expect(Faasctl.message(for: error).contains("nothing is built"))
        #expect(Faasctl.exitCode(for: error).rawValue == 64)
    }
}
