// SPDX-License-Identifier: Apache-2.0
// The maps below a service: build, health check, limits, restart.

import FunctionModel
import ManifestReader

/// Reads `build`.
struct BuildReader {
    let map: ComposeMap

    func build() throws(ManifestError) -> ComposeBuild {
        try map.allow(ComposeSchema.build, refused: ComposeSchema.buildRefused)
        guard let context = map["context"] else {
            throw map.field.mistake("'\(map.field.path)' has no 'context'")
        }
        let folder = try context.name("a folder")
        guard folder.hasPrefix("/") else {
            throw context.invalid(folder, expected: "a folder; repositories are not fetched")
        }
        var build = ComposeBuild(context: folder)
        build.dockerfile = try map["dockerfile"]?.name("a file")
        build.target = try map["target"]?.name("a stage")
        if let field = map["no_cache"] { build.noCache = try field.boolean() }
        build.arguments = try map["args"]?.labels() ?? [:]
        return build
    }
}

/// Reads `healthcheck`.
struct HealthcheckReader {
    let map: ComposeMap

    func healthcheck() throws(ManifestError) -> ComposeHealthcheck {
        try map.allow(ComposeSchema.healthcheck)
        var check = ComposeHealthcheck()
        if let field = map["test"] { check.test = try test(field) }
        if let field = map["disable"], try field.boolean() {
            guard check.test == nil else { throw field.mistake("'disable' and 'test' exclude each other") }
            check.test = ["NONE"]
        }
        if let field = map["retries"] { check.retries = try field.integer(1...Self.retriesMax) }
        check.interval = try span("interval")
        check.timeout = try span("timeout")
        check.startPeriod = try span("start_period")
        check.startInterval = try span("start_interval")
        return check
    }

    /// Failures in a row: more is a service that never counts as unhealthy.
    private static let retriesMax = 1000

    private func span(_ key: String) throws(ManifestError) -> TimeSpan? {
        guard let field = map[key] else { return nil }
        return try field.value(TimeSpan.init)
    }

    private func test(_ field: ComposeField) throws(ManifestError) -> [String] {
        let words = try field.texts()
        switch words.first {
        case "NONE" where words.count == 1: return words
        case "CMD" where words.count > 1: return words
        case "CMD-SHELL" where words.count == 2: return words
        default:
            throw field.mistake(
                "\(field.path): expected [\"CMD\", word, …], [\"CMD-SHELL\", text], [\"NONE\"] or one text"
            )
        }
    }
}

/// Reads limits, which have two places in a file.
struct LimitReader {
    let map: ComposeMap

    func limits() throws(ManifestError) -> ComposeLimits {
        var limits = ComposeLimits()
        if let field = map["mem_limit"] { limits.memory = try field.value(ByteCount.compose) }
        if let field = map["cpus"] { limits.cpus = try field.value(Millicores.init) }
        if let field = map["pids_limit"] { limits.pids = try field.integer(1...Self.pidsMax) }
        guard let deploy = try map["deploy"]?.map() else { return limits }
        try deploy.allow(ComposeSchema.deploy, refused: ComposeSchema.deployRefused)
        guard let resources = try deploy["resources"]?.map() else { return limits }
        try resources.allow(ComposeSchema.resources, refused: ComposeSchema.resourcesRefused)
        if let own = try resources["limits"]?.map() {
            try own.allow(ComposeSchema.resourceLimits)
            try set(&limits.memory, from: own["memory"], besides: "mem_limit", ByteCount.compose)
            try set(&limits.cpus, from: own["cpus"], besides: "cpus", Millicores.init)
            if let field = own["pids"] {
                let pids = try field.integer(1...Self.pidsMax)
                guard limits.pids == nil || limits.pids == pids else { throw conflict(field, "pids_limit") }
                limits.pids = pids
            }
        }
        return limits
    }

    /// The kernel's own bound on 64-bit hosts.
    private static let pidsMax = 1 << 22

    private func set<Value: Equatable>(
        _ value: inout Value?,
        from field: ComposeField?,
        besides other: String,
        _ parse: (String, String) throws(ModelError) -> Value
    ) throws(ManifestError) {
        guard let field else { return }
        let own = try field.value(parse)
        guard value == nil || value == own else { throw conflict(field, other) }
        value = own
    }

    private func conflict(_ field: ComposeField, _ other: String) -> ManifestError {
        field.mistake("'\(field.path)' and '\(other)' differ; leave one of them out")
    }
}

/// Reads `restart` and `deploy.restart_policy`.
struct RestartReader {
    let map: ComposeMap

    func restart() throws(ManifestError) -> ComposeRestart {
        let policy = try map["deploy"]?.map()["restart_policy"]
        guard let field = map["restart"] else { return try policy.map(deployed) ?? .no }
        if let policy { throw policy.mistake("'\(policy.path)' and 'restart' exclude each other") }
        return try simple(field)
    }

    private func simple(_ field: ComposeField) throws(ManifestError) -> ComposeRestart {
        let text = try field.text()
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        switch parts.first {
        case "no" where parts.count == 1, "false" where parts.count == 1: return .no
        case "always" where parts.count == 1: return .always
        case "unless-stopped" where parts.count == 1: return .unlessStopped
        case "on-failure" where parts.count == 1: return .onFailure(retries: nil)
        case "on-failure":
            if let retries = Int(parts[1]), retries > 0 { return .onFailure(retries: retries) }
            fallthrough
        default:
            throw field.invalid(text, expected: "no, always, unless-stopped, on-failure or on-failure:N")
        }
    }

    private func deployed(_ field: ComposeField) throws(ManifestError) -> ComposeRestart {
        let policy = try field.map()
        try policy.allow(ComposeSchema.restartPolicy, refused: ComposeSchema.restartPolicyRefused)
        let attempts = try policy["max_attempts"]?.integer(1...Int(Int32.max))
        guard let condition = policy["condition"] else { return .always }
        switch try condition.text() {
        case "none": return .no
        case "on-failure": return .onFailure(retries: attempts)
        case "any": return .always
        case let text: throw condition.invalid(text, expected: "none, on-failure or any")
        }
    }
}
