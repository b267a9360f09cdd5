// SPDX-License-Identifier: Apache-2.0
// From the merged tree of a service to its values: every key is read explicitly.

import FunctionModel
import ManifestReader

/// Reads one service.
struct ServiceReader {
    let map: ComposeMap
    let name: String
    /// Reads the files of `env_file`; the values of variables alone.
    let sources: ComposeSources

    /// Reads the whole service.
    ///
    /// - Throws: ``ManifestError`` with the place of the first mistake.
    func read() throws(ManifestError) -> ComposeService {
        try map.allow(ComposeSchema.service, refused: ComposeSchema.serviceRefused)
        var service = ComposeService(name: name, place: map.field.node.place)
        if var node = map.entries.first(where: { $0.key == ComposeSchema.functionKey })?.value {
            if node.content == .null { node.content = .map([]) }
            service.function = node
        }
        if service.function != nil { try checkFunction() }
        try readImage(into: &service)
        try readProcess(into: &service)
        try readEnvironment(into: &service)
        try readLinks(into: &service)
        try readFiles(into: &service)
        service.limits = try LimitReader(map: map).limits()
        service.restart = try RestartReader(map: map).restart()
        guard service.image != nil || service.build != nil else {
            throw map.field.mistake("'\(map.field.path)' has neither 'image' nor 'build'")
        }
        return service
    }

    /// A function is started by its calls, so keys of containers that stay have no effect.
    private func checkFunction() throws(ManifestError) {
        for entry in map.entries
        where !ComposeSchema.functionService.contains(entry.key) && !entry.key.hasPrefix("x-") {
            throw entry.place.mistake(
                "'\(entry.key)' has no effect on '\(name)', which is a function: set it in x-mayfly, or leave it out"
            )
        }
    }

    private func readImage(into service: inout ComposeService) throws(ManifestError) {
        service.image = try map["image"]?.name("an image")
        if let field = map["build"] { service.build = try BuildReader(map: field.map()).build() }
        if let field = map["pull_policy"] { service.pullPolicy = try field.choice(PullPolicy.self) }
        if service.pullPolicy == .build, service.build == nil, let field = map["pull_policy"] {
            throw field.mistake("\(field.path): 'build' needs the key 'build'")
        }
    }

    private func readProcess(into service: inout ComposeService) throws(ManifestError) {
        service.command = try words("command")
        service.entrypoint = try words("entrypoint")
        service.user = try map["user"]?.name("a user")
        service.workingDirectory = try absolute("working_dir")
        service.hostname = try map["hostname"]?.name("a name")
        if let field = map["container_name"] {
            service.containerName = try ComposeName.container(field)
        }
        if let field = map["stop_grace_period"] { service.stopGracePeriod = try field.value(TimeSpan.init) }
        if let field = map["stop_signal"] {
            let text = try field.text()
            guard SignalNumber.of(text) != nil else {
                throw field.invalid(text, expected: "a signal such as SIGTERM")
            }
            service.stopSignal = text
        }
        if let field = map["read_only"] { service.isReadOnly = try field.boolean() }
        if let field = map["init"] { service.hasInit = try field.boolean() }
        if let field = map["tty"] { service.hasTerminal = try field.boolean() }
        if let field = map["stdin_open"] { service.hasOpenInput = try field.boolean() }
        if let field = map["attach"] { service.isAttached = try field.boolean() }
        service.addedCapabilities = try capabilities("cap_add")
        service.droppedCapabilities = try capabilities("cap_drop")
        if let field = map["healthcheck"] {
            service.healthcheck = try HealthcheckReader(map: field.map()).healthcheck()
        }
    }

    /// A list of words, or one text that is split as a shell splits it.
    private func words(_ key: String) throws(ManifestError) -> [String]? {
        guard let field = map[key] else { return nil }
        guard let text = field.node.scalar else { return try field.texts() }
        guard let words = ShellWords.split(text) else {
            throw field.mistake("\(field.path): a quote is not closed")
        }
        return words
    }

    private func absolute(_ key: String) throws(ManifestError) -> String? {
        guard let field = map[key] else { return nil }
        let path = try field.text("a folder")
        guard path.hasPrefix("/") else { throw field.invalid(path, expected: "an absolute path") }
        return path
    }

    private func capabilities(_ key: String) throws(ManifestError) -> [String] {
        guard let field = map[key] else { return [] }
        var names: [String] = []
        for item in try field.fields() {
            let text = try item.name("a capability such as NET_BIND_SERVICE").uppercased()
            names.append(text.hasPrefix("CAP_") ? String(text.dropFirst(4)) : text)
        }
        return names
    }

    /// Variables of files first, then those of the service itself.
    private func readEnvironment(into service: inout ComposeService) throws(ManifestError) {
        for field in try map["env_file"]?.fields() ?? [] {
            let file = try field.map()
            try file.allow(ComposeSchema.environmentFile)
            guard let path = file["path"] else { throw field.mistake("'\(field.path)' has no 'path'") }
            let isRequired = try file["required"]?.boolean() ?? true
            var isRaw = false
            if let format = file["format"] {
                let text = try format.text()
                guard text == "raw" else { throw format.invalid(text, expected: "raw") }
                isRaw = true
            }
            guard let text = try sources.text(of: path, isRequired: isRequired) else { continue }
            let variables = try VariableFile(
                text,
                file: try path.text(),
                environment: isRaw ? nil : sources.environment
            )
            service.environment.merge(variables.values(in: sources.environment)) { _, later in later }
        }
        for (key, value) in try map["environment"]?.textMap() ?? [] {
            guard !key.isEmpty, !key.contains("=") else {
                throw map["environment"]?.mistake("'\(key)' is not a variable's name")
                    ?? map.field.mistake(key)
            }
            service.environment[key] = value ?? sources.environment[key]
        }
        service.labels = try map["labels"]?.labels() ?? [:]
        for key in service.labels.keys.sorted() where key.hasPrefix(ComposeLabel.prefix) {
            throw map["labels"]?.mistake("the label '\(key)' is Mayfly's own") ?? map.field.mistake(key)
        }
    }
}
