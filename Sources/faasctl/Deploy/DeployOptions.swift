// SPDX-License-Identifier: Apache-2.0
// The flags that change a function's configuration; they override function.yaml and the defaults.

import ArgumentParser
import FunctionModel

/// Flags of `deploy`; each overrides the same key of function.yaml.
struct DeployOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Route such as 'GET /hello' or '/api/*'; repeatable.", valueName: "route"))
    var route: [String] = []

    @Option(
        name: [.customShort("e"), .long],
        help: ArgumentHelp("Environment variable; repeatable.", valueName: "k=v")
    )
    var env: [String] = []

    @Option(help: ArgumentHelp("Secret the function may read; repeatable.", valueName: "name"))
    var secret: [String] = []

    @Option(help: "How the function gets its request.")
    var contract: Contract?

    @Option(help: "Port of an http function's server.")
    var port: Int?

    @Option(help: ArgumentHelp("Path that an http function answers when it is ready.", valueName: "path"))
    var readyPath: String?

    @Flag(help: "Start a stdio function's program before its request.")
    var prestart = false

    @Option(help: ArgumentHelp("Requests one sandbox of an http function may serve.", valueName: "n"))
    var reuse: Int?

    @Flag(help: "Copy one started process for each request, with --prestart, --contract http or lambda.")
    var template = false

    @Option(help: "Memory limit, for example 128Mi.")
    var memory: String?

    @Option(help: "Processor limit, for example 500m.")
    var cpu: String?

    @Option(help: "Memory that the host must have, for example 64Mi.")
    var memoryRequest: String?

    @Option(help: "Processors that the host must have, for example 500m.")
    var cpuRequest: String?

    @Option(
        help: ArgumentHelp(
            "What the host must be, for example 'node.platform.arch == x86_64'; repeatable.",
            valueName: "constraint"
        )
    )
    var constraint: [String] = []

    @Option(help: "Processes and threads at once.")
    var pids: Int?

    @Option(help: "Wall time of one call, for example 30s.")
    var timeout: String?

    @Option(help: "Calls at once.")
    var concurrency: Int?

    @Option(help: ArgumentHelp("Warm containers.", valueName: "min:max"))
    var warm: String?

    @Option(help: "none or egress.")
    var network: NetworkMode?

    @Option(
        help: ArgumentHelp("Container that it reaches by name; repeatable.", valueName: "container[:name]")
    )
    var uses: [String] = []

    @Flag(help: "Root file system read-only, /tmp writable.")
    var readOnly = false

    @Option(help: ArgumentHelp("Cron expression; repeatable.", valueName: "cron"))
    var schedule: [String] = []

    @Option(help: ArgumentHelp("Time zone of the schedules, for example Europe/Berlin.", valueName: "tz"))
    var timezone: String?

    @OptionGroup var asynchronous: AsyncOptions

    @OptionGroup var callers: CallerOptions

    @Option(help: ArgumentHelp("Label; repeatable.", valueName: "k=v"))
    var label: [String] = []

    @Option(help: ArgumentHelp("Annotation; repeatable.", valueName: "k=v"))
    var annotation: [String] = []

    /// Applies the flags to a configuration.
    ///
    /// - Parameters:
    ///   - configuration: a manifest's, or the defaults.
    ///   - isWhole: whether it is complete, so that values that depend on each other can be checked.
    /// - Throws: ``ValidationError``: a usage error with the flag.
    func apply(to configuration: inout FunctionConfiguration, isWhole: Bool = true) throws {
        do {
            try applyValues(to: &configuration)
            if isWhole { try configuration.validate() }
        } catch let error as ModelError {
            throw ValidationError("\(error)")
        }
    }

    private func applyValues(to configuration: inout FunctionConfiguration) throws {
        if !route.isEmpty { configuration.routes = try route.map { try Route($0) } }
        for (key, value) in try Self.pairs(env, flag: "--env") { configuration.environment[key] = value }
        for (key, value) in try Self.pairs(label, flag: "--label") { configuration.labels[key] = value }
        for (key, value) in try Self.pairs(annotation, flag: "--annotation") {
            configuration.annotations[key] = value
        }
        for name in secret where !configuration.secrets.contains(name) { configuration.secrets.append(name) }
        if let contract { configuration.contract = contract }
        if let port { configuration.port = port }
        if prestart { configuration.prestart = true }
        if let reuse { configuration.reuse = reuse }
        if template { configuration.template = true }
        if let readyPath { configuration.readyPath = readyPath }
        if let memory { configuration.limits.memory = try ByteCount(memory, field: "--memory") }
        if let cpu { configuration.limits.cpu = try Millicores(cpu, field: "--cpu") }
        if let memoryRequest {
            configuration.requests.memory = try ByteCount(memoryRequest, field: "--memory-request")
        }
        if let cpuRequest { configuration.requests.cpu = try Millicores(cpuRequest, field: "--cpu-request") }
        configuration.constraints += constraint
        if let pids { configuration.limits.pids = pids }
        if let timeout { configuration.timeout = try TimeSpan(timeout, field: "--timeout") }
        if let concurrency { configuration.concurrency = concurrency }
        if let warm { configuration.warm = try Self.warmRange(warm) }
        if let network { configuration.network = network }
        for text in uses where !configuration.uses.contains(text) { configuration.uses.append(text) }
        if readOnly { configuration.readOnlyRootFilesystem = true }
        try asynchronous.apply(to: &configuration.asynchronous)
        try callers.apply(to: &configuration)
        try applySchedules(to: &configuration)
    }

    private func applySchedules(to configuration: inout FunctionConfiguration) throws {
        guard timezone == nil || !schedule.isEmpty else {
            throw ValidationError("--timezone needs --schedule")
        }
        guard !schedule.isEmpty else { return }
        configuration.schedules = schedule.map { cron in
            var entry = ScheduleConfiguration(cron: cron)
            entry.timezone = timezone
            return entry
        }
    }

    private static func pairs(_ texts: [String], flag: String) throws -> [(String, String)] {
        try texts.map { text in
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
                throw ValidationError("\(flag): '\(text)' is not valid, expected KEY=VALUE")
            }
            return (String(text[..<equals]), String(text[text.index(after: equals)...]))
        }
    }

    private static func warmRange(_ text: String) throws -> WarmConfiguration {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let min = Int(parts[0]), let max = Int(parts[1]) else {
            throw ValidationError("--warm: '\(text)' is not valid, expected MIN:MAX such as 1:8")
        }
        var warm = WarmConfiguration()
        warm.min = min
        warm.max = max
        return warm
    }
}

extension Contract: ExpressibleByArgument {}
extension NetworkMode: ExpressibleByArgument {}
