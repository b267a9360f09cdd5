// SPDX-License-Identifier: Apache-2.0
// The options of `faasctl run` about health checks. RunCommand has them.

import ArgumentParser
import FunctionModel

struct HealthOptions: ParsableArguments {
    @Option(
        name: .customLong("health-cmd"),
        parsing: .unconditional,
        help: ArgumentHelp(
            "Command of the container's shell that succeeds when it is well.",
            valueName: "command"
        )
    )
    var command: String?

    @Option(
        name: .customLong("health-interval"),
        help: ArgumentHelp("Between two checks; 30s.", valueName: "span")
    )
    var interval: String?

    @Option(name: .customLong("health-timeout"), help: ArgumentHelp("Of one check; 30s.", valueName: "span"))
    var timeout: String?

    @Option(
        name: .customLong("health-retries"),
        help: ArgumentHelp("Failures in a row before it is unhealthy; 3.", valueName: "n")
    )
    var retries: Int?

    @Option(
        name: .customLong("health-start-period"),
        help: ArgumentHelp("From the start on, when failures do not count.", valueName: "span")
    )
    var startPeriod: String?

    @Option(
        name: .customLong("health-start-interval"),
        help: ArgumentHelp("Between two checks of that period; 5s.", valueName: "span")
    )
    var startInterval: String?

    @Flag(name: .customLong("no-healthcheck"), help: "No check, whatever the image says.")
    var isDisabled = false

    func validate() throws {
        if isDisabled, given.contains(where: { $0 != "--no-healthcheck" }) {
            throw ValidationError("--no-healthcheck excludes the options --health-*")
        }
    }

    /// The options that were given.
    var given: [String] {
        [
            ("--health-cmd", command != nil), ("--health-interval", interval != nil),
            ("--health-timeout", timeout != nil), ("--health-retries", retries != nil),
            ("--health-start-period", startPeriod != nil),
            ("--health-start-interval", startInterval != nil),
            ("--no-healthcheck", isDisabled),
        ].filter { $0.1 }.map(\.0)
    }

    /// What they say; nil when none was given.
    func healthcheck() throws(ModelError) -> ContainerHealthcheck? {
        guard !given.isEmpty else { return nil }
        var check = ContainerHealthcheck()
        if let command { check.test = ["CMD-SHELL", command] }
        if isDisabled { check.test = ["NONE"] }
        check.interval = try Self.span(interval, "--health-interval")
        check.timeout = try Self.span(timeout, "--health-timeout")
        check.startPeriod = try Self.span(startPeriod, "--health-start-period")
        check.startInterval = try Self.span(startInterval, "--health-start-interval")
        check.retries = retries
        return check
    }

    private static func span(_ text: String?, _ field: String) throws(ModelError) -> TimeSpan? {
        guard let text else { return nil }
        return try TimeSpan(text, field: field)
    }
}
