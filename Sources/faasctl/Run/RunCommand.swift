// SPDX-License-Identifier: Apache-2.0
// `faasctl run IMAGE [CMD...]`: runs one container, attached to this terminal, and removes it.
// With --code the container runs a piece of code.

import ArgumentParser
import Foundation
import FunctionModel
import GatewayAPI

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a container, attached or with -d in the background.",
        discussion: """
            Exits as the container did: its exit code, 128 plus the signal that ended it, 127 when the command is \
            not there, 126 when it cannot be executed, 125 when there is no container. An image that the gateway lacks \
            is pulled. SRC of -v is a path of the \
            gateway's host, or the name of a volume. Signals are passed on; the third SIGINT or SIGTERM ends it in any \
            case. With --rm it is removed at its end, and ends when the connection breaks; without, it stays until \
            'faasctl rm'. With -it Ctrl-P Ctrl-Q leaves it running; 'faasctl attach' returns to it.
            With --code the container runs a piece of code, without a deploy: IMAGE is a reference or a name of the \
            gateway's configuration, and the name of the language by default. -i sends standard input. It exits \
            with 124 when the time limit was over.
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var coded: RunOptions
    @OptionGroup var options: ContainerOptions
    @OptionGroup var ports: PortOptions
    @OptionGroup var health: HealthOptions
    @OptionGroup var detaching: DetachOption

    @Flag(help: "Remove the container when it has ended.")
    var rm = false

    @Flag(name: .shortAndLong, help: "Forward standard input.")
    var interactive = false

    @Flag(name: .shortAndLong, help: "Allocate a terminal.")
    var tty = false

    @Option(
        name: [.customShort("e"), .customLong("env")],
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Environment variable; K alone takes this shell's value; repeatable.",
            valueName: "k=v"
        )
    )
    var environment: [String] = []

    @Option(
        name: [.customShort("v"), .customLong("volume")],
        help: ArgumentHelp(
            "Folder or file of the gateway's host, or a volume; repeatable.",
            valueName: "src:dst[:ro]"
        )
    )
    var volume: [String] = []

    @OptionGroup var networks: NetworkOptions

    @Option(help: ArgumentHelp("Program that replaces the image's ENTRYPOINT and CMD.", valueName: "program"))
    var entrypoint: String?

    @Argument(parsing: .captureForPassthrough, help: ArgumentHelp("Image, then words that replace its CMD."))
    var words: [String] = []

    mutating func validate() throws {
        // The container's arguments are passed on, also those that look like the parser's help option.
        if let first = words.first, ["--help", "-h"].contains(first) { throw CleanExit.helpRequest(self) }
        if words.first == "--" { words.removeFirst() }
        if coded.code != nil { return try validateCode() }
        if let stray = coded.strayOption { throw ValidationError("\(stray) needs --code") }
        guard let image = words.first, !image.isEmpty else { throw ValidationError("missing the image") }
        guard !image.hasPrefix("-") else {
            throw ValidationError("unknown option '\(image)'" + RefusedFlags.advice(image))
        }
        if tty, interactive, !options.detach, isatty(STDIN_FILENO) != 1 {
            throw ValidationError("-t with -i needs a terminal as standard input; leave out -t")
        }
    }

    /// What has no effect with code is refused.
    private func validateCode() throws {
        guard coded.language != nil else { throw ValidationError("--code needs --language") }
        guard words.count <= 1 else {
            throw ValidationError("--code takes an IMAGE and no command: '\(words[1])'")
        }
        if let word = words.first, word.hasPrefix("-") { throw ValidationError("unknown option '\(word)'") }
        try coded.check(memory: options.memory)
        if let stray = options.strayOption {
            throw ValidationError("\(stray) has no effect with --code; leave it out")
        }
        _ = try networks.mode()
        if tty { throw ValidationError("-t has no effect with --code; leave it out") }
        if !volume.isEmpty { throw ValidationError("-v has no effect with --code; use --file") }
        if entrypoint != nil { throw ValidationError("--entrypoint has no effect with --code") }
        if let stray = health.given.first {
            throw ValidationError("\(stray) has no effect with --code; leave it out")
        }
        if detaching.given != nil {
            throw ValidationError("--detach-keys has no effect with --code; leave it out")
        }
        if ports.isGiven { throw ValidationError("-p and -P have no effect with --code; leave them out") }
        if interactive, coded.code == "-" {
            throw ValidationError("-i with '--code -': standard input is the code already")
        }
    }

    private func runCode() async throws {
        var request = try coded.request(memory: options.memory)
        request.image = words.first
        request.network = try networks.mode()
        for text in Self.variables(environment, own: ProcessInfo.processInfo.environment) {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            request.environment[String(parts[0])] = String(parts[1])
        }
        if interactive {
            let bytes = try FileHandle.standardInput.readToEnd() ?? Data()
            guard let text = String(bytes: bytes, encoding: .utf8) else {
                throw CommandFailure("cannot run the code", why: "standard input is not UTF-8")
            }
            request.input = text
        }
        let code: Int32
        do throws(CommandFailure) {
            code = try await CodeRun(client: try global.client(), global: global, request: request).run()
        } catch {
            throw Self.withoutContainer(error)
        }
        if code != 0 { throw QuietExit(exitCode: code) }
    }

    func run() async throws {
        if coded.code != nil { return try await runCode() }
        var request = ContainerRequest(image: words[0])
        request.command = words.count > 1 ? Array(words.dropFirst()) : nil
        request.entrypoint = entrypoint.map { [$0] }
        request.environment = Self.variables(environment, own: ProcessInfo.processInfo.environment)
        request.volumes = try volume.map(Self.volume)
        try networks.fill(&request)
        request.isRemoved = rm
        request.ports = ports.published
        request.publishesAll = ports.publishesAll
        do throws(ModelError) { request.healthcheck = try health.healthcheck() } catch {
            throw ValidationError(error.description)
        }
        request.hasTerminal = tty
        request.hasInput = interactive
        try options.fill(&request)
        let end: AttachedEnd
        do throws(CommandFailure) {
            var run = AttachedRun(client: try global.client(), global: global, request: request)
            run.keys = detaching.keys
            if options.detach { return try Terminal.output.line(try await run.detached()) }
            end = try await run.run()
        } catch {
            throw Self.withoutContainer(error)
        }
        if case .ended(let code) = end, code != 0 { throw QuietExit(exitCode: code) }
    }

    /// As Docker ends when it has no container.
    private static func withoutContainer(_ failure: CommandFailure) -> CommandFailure {
        var failure = failure
        failure.exitCode = ContainerEnded.platformCode
        return failure
    }

    /// `K` alone uses this process's value; without one the variable is omitted, as in Docker.
    static func variables(_ texts: [String], own: [String: String]) -> [String] {
        texts.compactMap { text in text.contains("=") ? text : own[text].map { "\(text)=\($0)" } }
    }

    /// A relative source is resolved in this folder, which is useful on the gateway's own machine.
    private static func volume(_ text: String) throws(CommandFailure) -> ContainerVolume {
        do throws(ModelError) {
            var volume = try ContainerVolume(text)
            // As with Docker, a plain word is a volume's name.
            if volume.source.hasPrefix(".") {
                volume.source = URL(fileURLWithPath: volume.source).standardizedFileURL.path
            }
            return volume
        } catch {
            throw CommandFailure(
                "cannot run the container",
                why: error.description,
                exitCode: ContainerEnded.platformCode
            )
        }
    }
}
