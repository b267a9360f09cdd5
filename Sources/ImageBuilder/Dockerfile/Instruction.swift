// SPDX-License-Identifier: Apache-2.0
// The instructions of a Dockerfile as values, before variables are expanded. The parser makes them, the
// builder executes them.

/// A name with a value, both as written: quotes and variables are resolved when the step is executed.
package struct NamedValue: Hashable, Sendable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// One `ARG`: a name, and its default.
package struct ArgumentDeclaration: Hashable, Sendable {
    package var name: String
    /// Nil for a bare `ARG name`, which takes over a global argument of that name.
    package var defaultValue: String?
}

/// A command of `RUN`, `CMD`, `ENTRYPOINT` or `HEALTHCHECK CMD`.
package enum CommandForm: Hashable, Sendable {
    /// A JSON array: executed without a shell.
    case exec([String])
    /// A text for the shell.
    case shell(String)
}

/// A here-document: `<<NAME`, and the lines up to one that is NAME alone.
package struct Heredoc: Hashable, Sendable {
    package var name: String
    /// The lines, each with its terminator.
    package var content: String
    /// False when the name was quoted: then variables in the content are not expanded.
    package var expands: Bool
    /// True for `<<-`: leading tabs of each line are not part of the content.
    package var stripsTabs: Bool
}

/// Sources and destination of `COPY` and `ADD`, with every option of both.
package struct CopyInstruction: Hashable, Sendable {
    /// As written: paths, globs and, for ADD, URLs.
    package var sources: [String]
    /// Files written in the Dockerfile itself; the name is the file's.
    package var heredocs: [Heredoc] = []
    package var destination: String
    /// Stage name, stage index or image reference; nil means the build context.
    package var from: String?
    /// `user[:group]`, names or numbers.
    package var owner: String?
    /// Octal or symbolic.
    package var mode: String?
    package var link = false
    package var parents = false
    package var excludes: [String] = []
    /// ADD: the required digest of a download, `sha256:…`.
    package var checksum: String?
    /// ADD: whether archives are extracted; nil extracts local archives only.
    package var unpack: Bool?
    /// ADD of a git repository: whether `.git` is kept.
    package var keepGitDirectory = false

    package init(sources: [String], destination: String) {
        self.sources = sources
        self.destination = destination
    }
}

/// `RUN` with its options.
package struct RunInstruction: Hashable, Sendable {
    package var command: CommandForm
    package var heredocs: [Heredoc] = []
    /// As written; ``RunMount`` parses one after its variables are expanded.
    package var mounts: [String] = []
    package var network: RunNetwork?
    package var security: RunSecurity?
}

/// `RUN --network`.
package enum RunNetwork: String, Hashable, Sendable, CaseIterable { case `default`, none, host }

/// `RUN --security`.
package enum RunSecurity: String, Hashable, Sendable, CaseIterable { case sandbox, insecure }

/// `HEALTHCHECK`; times in nanoseconds, the unit of the image configuration.
package struct HealthcheckInstruction: Hashable, Sendable {
    /// Nil is `HEALTHCHECK NONE`.
    package var command: CommandForm?
    package var intervalNanoseconds: Int?
    package var timeoutNanoseconds: Int?
    package var startPeriodNanoseconds: Int?
    package var startIntervalNanoseconds: Int?
    package var retries: Int?
}

/// Every instruction but `FROM`, which begins a ``Stage``.
package enum Instruction: Hashable, Sendable {
    case argument([ArgumentDeclaration])
    case environment([NamedValue])
    case copy(CopyInstruction)
    case add(CopyInstruction)
    case run(RunInstruction)
    case command(CommandForm)
    case entrypoint(CommandForm)
    case shell([String])
    case workingDirectory(String)
    case user(String)
    case label([NamedValue])
    case expose([String])
    case volume([String])
    case stopSignal(String)
    case healthcheck(HealthcheckInstruction)
    /// The text of the instruction that a build from this image executes.
    case onBuild(String)
    case maintainer(String)
}
