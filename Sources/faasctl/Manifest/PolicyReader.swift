// SPDX-License-Identifier: Apache-2.0
// The small maps inside a function's configuration: limits, requests, queue, warm, schedules.

import FunctionModel
import ManifestReader

/// Reads one inner map; unknown keys in it are mistakes, too.
struct PolicyReader {
    let node: ManifestNode

    func mapping<Key: CaseIterable & RawRepresentable<String>>(
        _ keys: Key.Type
    ) throws(ManifestError) -> ManifestMapping {
        let mapping = try ManifestMapping(node)
        try mapping.allow(only: keys.allCases.map(\.rawValue))
        return mapping
    }

    func readLimits(into limits: inout Limits) throws(ManifestError) {
        let mapping = try mapping(Limits.CodingKeys.self)
        if let node = mapping["memory"] { limits.memory = try node.value(ByteCount.init(_:field:)) }
        if let node = mapping["cpu"] { limits.cpu = try node.value(Millicores.init(_:field:)) }
        if let node = mapping["pids"] { limits.pids = try node.integer() }
        if let node = mapping["disk"] { limits.disk = try node.value(ByteCount.init(_:field:)) }
        if let node = mapping["body"] { limits.body = try node.value(ByteCount.init(_:field:)) }
        if let node = mapping["output"] { limits.output = try node.value(ByteCount.init(_:field:)) }
    }

    func readQueue(into queue: inout QueueConfiguration) throws(ManifestError) {
        let mapping = try mapping(QueueConfiguration.CodingKeys.self)
        if let node = mapping["length"] { queue.length = try node.integer() }
        if let node = mapping["wait"] { queue.wait = try node.value(TimeSpan.init(_:field:)) }
    }

    func readWarm(into warm: inout WarmConfiguration) throws(ManifestError) {
        let mapping = try mapping(WarmConfiguration.CodingKeys.self)
        if let node = mapping["min"] { warm.min = try node.integer() }
        warm.max = try mapping["max"]?.integer() ?? max(warm.max, warm.min)
    }

    func readAsync(into policy: inout AsyncConfiguration) throws(ManifestError) {
        let mapping = try mapping(AsyncConfiguration.CodingKeys.self)
        if let node = mapping["attempts"] { policy.attempts = try node.integer() }
        if let node = mapping["min_wait"] { policy.minWait = try node.value(TimeSpan.init(_:field:)) }
        policy.maxWait =
            try mapping["max_wait"]?.value(TimeSpan.init(_:field:)) ?? max(policy.maxWait, policy.minWait)
        if let node = mapping["max_age"] { policy.maxAge = try node.value(TimeSpan.init(_:field:)) }
        if let node = mapping["codes"] {
            policy.codes = try node.list().map { item throws(ManifestError) in try item.integer() }
        }
    }

    func readRequests(into requests: inout ResourceRequests) throws(ManifestError) {
        let mapping = try mapping(ResourceRequests.CodingKeys.self)
        if let node = mapping["memory"] { requests.memory = try node.value(ByteCount.init(_:field:)) }
        if let node = mapping["cpu"] { requests.cpu = try node.value(Millicores.init(_:field:)) }
    }

    /// The words of `auth` that have no further keys.
    private enum AuthenticationWord: String, CaseIterable { case none, basic, token }

    func authentication() throws(ManifestError) -> FunctionAuthentication {
        guard node.isMap else {
            return FunctionAuthentication.plain[try node.choice(AuthenticationWord.self).rawValue]
                ?? FunctionAuthentication.none
        }
        let outer = try mapping(FunctionAuthentication.CodingKeys.self)
        guard let node = outer["hmac"] else {
            throw self.node.mistake("'\(self.node.path)' lacks 'hmac', expected its secret and scheme")
        }
        let inner = try PolicyReader(node: node).mapping(WebhookAuthentication.CodingKeys.self)
        guard let secret = inner["secret"], let scheme = inner["scheme"] else {
            throw node.mistake("'\(node.path)' lacks 'secret' or 'scheme', expected both")
        }
        return .hmac(
            WebhookAuthentication(secret: try secret.text(), scheme: try scheme.choice(WebhookScheme.self))
        )
    }

    func schedule() throws(ManifestError) -> ScheduleConfiguration {
        let mapping = try mapping(ScheduleConfiguration.CodingKeys.self)
        guard let cron = mapping["cron"] else {
            throw node.mistake("'\(node.path)' lacks 'cron', expected an expression such as '*/5 * * * *'")
        }
        var schedule = ScheduleConfiguration(cron: try cron.text())
        schedule.timezone = try mapping["timezone"]?.text()
        if let node = mapping["overlap"] { schedule.overlap = try node.choice(OverlapPolicy.self) }
        if let node = mapping["missed"] { schedule.missed = try node.choice(MissedPolicy.self) }
        if let node = mapping["deadline"] { schedule.deadline = try node.value(TimeSpan.init(_:field:)) }
        if let node = mapping["input"] { schedule.input = try node.text() }
        return schedule
    }
}
