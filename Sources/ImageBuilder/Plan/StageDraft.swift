// SPDX-License-Identifier: Apache-2.0
// What a stage is while it is built: configuration, variables in scope, history. Pure: one method per kind of
// instruction; the files are handled elsewhere.

import OCI
import ImageStore

/// The state of a stage between two steps.
struct StageDraft: Sendable {
    var execution = ImageConfiguration.Execution()
    var author: String?
    var history: [ImageConfiguration.HistoryEntry] = []
    /// ARGs in scope that have a value, but those that a later ENV has hidden.
    private(set) var arguments: [String: String] = [:]
    /// Names that an ARG of this stage has taken from the build arguments.
    private(set) var consumedArguments: Set<String> = []
    /// Whether this Dockerfile has set CMD, so that a later ENTRYPOINT leaves it alone.
    private var setsCommand = false
    /// `\` unless the Dockerfile says otherwise.
    let escape: Character

    init(escape: Character) { self.escape = escape }

    /// Starts from an image: its configuration, without the parts that apply once only.
    mutating func begin(upon image: ImageConfiguration) {
        execution = image.config ?? ImageConfiguration.Execution()
        author = image.author
        history = image.history ?? []
        execution.onBuild = nil
        usePath()
    }

    /// Begins upon nothing.
    mutating func beginEmpty() { usePath() }

    /// An image without a PATH gets the one that its commands are found by, so that `$PATH` has it, too.
    private mutating func usePath() {
        guard environment["PATH"] == nil else { return }
        execution.environment = (execution.environment ?? []) + [RunPlan.defaultPath]
    }

    /// Begins upon an earlier stage of the same Dockerfile: its ARGs are inherited, too.
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

    /// What a step may name: the environment, and over it the arguments that were declared later.
    var expander: WordExpander {
        WordExpander(environment.merging(arguments) { $1 }, escape: escape)
    }

    /// `NAME=value` of everything a RUN sees: the environment and the arguments, whichever was later of a name.
    var runEnvironment: [String] {
        let own = (execution.environment ?? []).filter { pair in
            arguments[String(pair.prefix { $0 != "=" })] == nil
        }
        return own + arguments.map { "\($0.key)=\($0.value)" }.sorted(by: TreePath.precedes)
    }

    /// Whether a relative path means something below WORKDIR, or below the root.
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

    /// The words of a command; the shell form is put behind the shell.
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

    /// A new ENTRYPOINT makes an inherited CMD meaningless: its words were meant for the old one.
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
