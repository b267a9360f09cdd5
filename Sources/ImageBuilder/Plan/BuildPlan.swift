// SPDX-License-Identifier: Apache-2.0
// The stages that a build needs, their order and their bases. Pure; the builder executes it.

import OCI

/// The origin of a stage, a COPY --from or a mount.
enum StageBase: Hashable, Sendable {
    case scratch
    case stage(Int)
    case image(String)
}

/// One stage of the plan.
struct PlannedStage: Sendable {
    /// Index in the Dockerfile.
    var index: Int
    /// Its name, or else its index.
    var label: String
    var stage: Stage
    var base: StageBase
    var platform: String?
}

/// The stages that the target needs, each after the stages it depends on.
struct BuildPlan: Sendable {
    private(set) var stages: [PlannedStage] = []
    /// Values of the global arguments, including those of the platform.
    let globals: [String: String]
    private let dockerfile: Dockerfile
    private let escape: Character

    /// Arguments that need no ARG, and that neither image nor history contains.
    static let proxyArguments: Set<String> = [
        "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "FTP_PROXY", "ftp_proxy", "NO_PROXY",
        "no_proxy",
        "ALL_PROXY", "all_proxy",
    ]

    init(_ dockerfile: Dockerfile, request: BuildRequest, host: Platform) throws(BuildError) {
        self.dockerfile = dockerfile
        escape = dockerfile.directives.escape
        let target = try Self.target(request.target, in: dockerfile)
        var values = try Self.platformArguments(request, host: host)
        values["TARGETSTAGE"] = request.target ?? "default"
        for declaration in dockerfile.globalArguments {
            let expander = WordExpander(values, escape: escape)
            if let given = request.buildArguments[declaration.name] {
                values[declaration.name] = given
            } else if let text = declaration.defaultValue {
                values[declaration.name] = try Self.located(dockerfile, line: 1) { () throws(SyntaxFailure) in
                    try expander.expand(text)
                }
            }
        }
        globals = values
        var visited: Set<Int> = []
        try visit(target, &visited)
    }

    private static func target(_ name: String?, in dockerfile: Dockerfile) throws(BuildError) -> Int {
        guard let name else { return dockerfile.stages.count - 1 }
        let lowered = name.lowercased()
        if let index = dockerfile.stages.firstIndex(where: { $0.name == lowered }) { return index }
        if let index = Int(name), dockerfile.stages.indices.contains(index) { return index }
        throw .unknownTarget(name, stages: dockerfile.stages.enumerated().map { $1.name ?? String($0) })
    }

    private static func platformArguments(
        _ request: BuildRequest,
        host: Platform
    ) throws(BuildError) -> [String: String] {
        let target: Platform
        if let text = request.platform {
            guard let platform = Platform(text) else {
                throw .request(field: "platform", value: text, expected: "os/architecture[/variant]")
            }
            target = platform
        } else {
            target = host
        }
        var values: [String: String] = [:]
        for (prefix, platform) in [("TARGET", target), ("BUILD", host)] {
            values[prefix + "PLATFORM"] = platform.description
            values[prefix + "OS"] = platform.os
            values[prefix + "ARCH"] = platform.architecture
            values[prefix + "VARIANT"] = platform.variant ?? ""
        }
        return values
    }

    /// Every image that the needed stages begin with or read from, by its name in the Dockerfile.
    func images() throws(BuildError) -> [String] {
        var names: [String] = []
        for planned in stages {
            if case .image(let name) = planned.base { names.append(name) }
            for step in planned.stage.steps {
                for source in try sources(of: step) {
                    if case .image(let name) = base(named: source, before: planned.index, allowsIndex: true) {
                        names.append(name)
                    }
                }
            }
        }
        return names
    }

    // MARK: Needed stages

    /// A stage can refer to earlier stages only, so the recursion ends.
    private mutating func visit(_ index: Int, _ visited: inout Set<Int>) throws(BuildError) {
        guard visited.insert(index).inserted else { return }
        let stage = dockerfile.stages[index]
        let expander = WordExpander(globals, escape: escape)
        let (base, platform) = try Self.located(dockerfile, line: stage.line) { () throws(SyntaxFailure) in
            let name = try expander.expand(stage.base)
            guard !name.isEmpty else {
                throw SyntaxFailure(stage.text, expected: "an image; '\(stage.base)' expands to nothing")
            }
            let platform = try stage.platform.map { text throws(SyntaxFailure) in try expander.expand(text) }
            return (self.base(named: name, before: index, allowsIndex: false), platform)
        }
        if case .stage(let earlier) = base { try visit(earlier, &visited) }
        for step in stage.steps {
            for name in try sources(of: step) {
                if case .stage(let earlier) = self.base(named: name, before: index, allowsIndex: true) {
                    try visit(earlier, &visited)
                }
            }
        }
        let label = stage.name ?? String(index)
        stages.append(PlannedStage(index: index, label: label, stage: stage, base: base, platform: platform))
    }

    /// The stages and images that a step reads from, besides its own stage.
    private func sources(of step: Step) throws(BuildError) -> [String] {
        let expander = WordExpander(globals, escape: escape)
        return try Self.located(dockerfile, line: step.line) { () throws(SyntaxFailure) in
            switch step.instruction {
            case .copy(let copy):
                return try copy.from.map { name throws(SyntaxFailure) in [try expander.expand(name)] } ?? []
            case .run(let run):
                var names: [String] = []
                for text in run.mounts {
                    if let name = try RunMount(try expander.expand(text)).from { names.append(name) }
                }
                return names
            default: return []
            }
        }
    }

    /// Resolves a name in a stage: an earlier stage takes precedence over an image of that name.
    func base(named name: String, before index: Int, allowsIndex: Bool) -> StageBase {
        let lowered = name.lowercased()
        if let stage = dockerfile.stages[..<index].lastIndex(where: { $0.name == lowered }) {
            return .stage(stage)
        }
        if allowsIndex, let number = Int(name), (0..<index).contains(number) { return .stage(number) }
        return lowered == "scratch" ? .scratch : .image(name)
    }

    private static func located<Value>(
        _ dockerfile: Dockerfile,
        line: Int,
        _ body: () throws(SyntaxFailure) -> Value
    ) throws(BuildError) -> Value {
        do throws(SyntaxFailure) {
            return try body()
        } catch {
            let location = DockerfileLocation(file: dockerfile.file, line: line)
            throw .syntax(DockerfileError(location: location, text: error.text, expected: error.expected))
        }
    }
}
