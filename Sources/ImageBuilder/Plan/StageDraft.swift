// SPDX-License-Identifier: Apache-2.0
// A stage during its build: configuration, variables in scope, history. Pure: one method per kind of
// instruction; BuildRun handles the files.

import OCI
import ImageStore

/// The state of a stage between two steps.
struct StageDraft: Sendable {
    var execution = ImageConfiguration.Execution()
    var author: String?
    var history: [ImageConfiguration.HistoryEntry] = []
    /// ARGs in scope with a value, except those that a later ENV hides.
    private(set) var arguments: [String: String] = [:]
    /// Build arguments that an ARG of this stage declares.
    private(set) var consumedArguments: Set<String> = []
    /// Whether this Dockerfile has set CMD, so that a later ENTRYPOINT keeps it.
    private var setsCommand = false
    /// `\` unless a directive of the Dockerfile sets another.
    let escape: Character

    init(escape: Character) { self.escape = escape }

    /// Begins with an image: its configuration, without the parts that are not inherited.
    mutating func begin(upon image: ImageConfiguration) {
        execution = image.config ?? ImageConfiguration.Execution()
        author = image.author
        history = image.history ?? []
        execution.onBuild = nil
        usePath()
    }

    /// Begins empty (`FROM scratch`).
    mutating func beginEmpty() { usePath() }

    /// An image without a PATH gets the default one, so that `$PATH` expands to it.
    private mutating func usePath() {
        guard environment["PATH"] == nil else { return }
        execution.environment = (execution.environment ?? []) + [RunPlan.defaultPath]
    }

    /// Begins with an earlier stage of the same Dockerfile: its ARGs are inherited, too.
    mutating func begin(upon stage: StageDraft) {
        self = stage
        let own = environment
        arguments = arguments.filter { own[$0.key] == nil }
        consumedArguments = []
        setsCommand = false
        execution.onBuild = nil
    }

    // MARK: Variables

    /// The environment as names and values.
    var environment: [String: String] {
        var values: [String: String] = [:]
        for pair in execution.environment ?? [] {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                String.init
            )
            values[parts[0]] = parts.count == 2 ? parts[1] : ""
        }
        return values
    }

    /// The variables of a step: the environment, and arguments that were declared later than their ENV.
    var expander: WordExpander {
        WordExpander(environment.merging(arguments) { $1 }, escape: escape)
    }

    /// `NAME=value` of all variables of a RUN: the environment and the arguments; the later one of a name.
    var runEnvironment: [String] {
        let own = (execution.environment ?? []).filter { pair in
            arguments[String(pair.prefix { $0 != "=" })] == nil
        }
        return own + arguments.map { "\($0.key)=\($0.value)" }.sorted(by: TreePath.precedes)
    }

    /// Whether a relative path is relative to WORKDIR, or to the root.
    func absolute(_ path: String) -> String {
        path.hasPrefix("/")
            ? path : "/" + TreePath.join(TreePath.clean(execution.workingDirectory ?? ""), path)
    }

    mutating func set(_ name: String, _ value: String) {
        var environment = execution.environment ?? []
        let pair = "\(name)=\(value)"
        if let index = environment.firstIndex(where: { $0.hasPrefix(name + "=") }) {
            environment[index] = pair
        } else {
            environment.append(pair)
        }
        execution.environment = environment
        arguments[name] = nil
    }

    /// Declares arguments: the value in the request, else the default, else the global argument of that name.
    mutating func declare(
        _ declarations: [ArgumentDeclaration],
        given: [String: String],
        globals: [String: String]
    ) throws(SyntaxFailure) {
        let expander = expander
        for declaration in declarations {
            let name = declaration.name
            if let value = given[name] {
                arguments[name] = value
                consumedArguments.insert(name)
            } else if let text = declaration.defaultValue {
                arguments[name] = try expander.expand(text)
            } else if let value = globals[name] {
                arguments[name] = value
            }
        }
    }

    // MARK: Commands

    /// The words of a command; the shell form is an argument of the shell.
    func words(_ command: CommandForm) -> [String] {
        switch command {
        case .exec(let words): words
        case .shell(let text): (execution.shell ?? ["/bin/sh", "-c"]) + [text]
        }
    }

    mutating func setCommand(_ command: CommandForm) {
        execution.command = Self.nonEmpty(words(command))
        setsCommand = true
    }

    /// A new ENTRYPOINT removes an inherited CMD, whose words were arguments of the old one.
    mutating func setEntrypoint(_ command: CommandForm) {
        execution.entrypoint = Self.nonEmpty(words(command))
        if !setsCommand { execution.command = nil }
    }

    mutating func setHealthcheck(_ check: HealthcheckInstruction) {
        var result = ImageConfiguration.Healthcheck(test: ["NONE"])
        switch check.command {
        case nil: break
        case .exec(let words): result.test = ["CMD"] + words
        case .shell(let text): result.test = ["CMD-SHELL", text]
        }
        result.intervalNanoseconds = check.intervalNanoseconds
        result.timeoutNanoseconds = check.timeoutNanoseconds
        result.startPeriodNanoseconds = check.startPeriodNanoseconds
        result.startIntervalNanoseconds = check.startIntervalNanoseconds
        result.retries = check.retries
        execution.healthcheck = result
    }

    private static func nonEmpty(_ words: [String]) -> [String]? { words.isEmpty ? nil : words }
}
