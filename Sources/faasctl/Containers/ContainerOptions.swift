// SPDX-License-Identifier: Apache-2.0
// The options of `faasctl run` that describe its container, in Docker's words. RunCommand has them.

import ArgumentParser
import Foundation
import FunctionModel
import GatewayAPI

struct ContainerOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Do not attach: write the container's id and return.")
    var detach = false

    @Option(help: ArgumentHelp("The container's name; two random words without it.", valueName: "name"))
    var name: String?

    @Option(
        name: .customLong("env-file"),
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("File with a variable a line; -e takes precedence; repeatable.", valueName: "file")
    )
    var environmentFiles: [String] = []

    @Option(
        name: [.customShort("w"), .customLong("workdir")],
        help: ArgumentHelp("Working directory, in place of the image's.", valueName: "dir")
    )
    var workingDirectory: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "User, in place of the image's: name, uid, name:group or uid:gid.",
            valueName: "user"
        )
    )
    var user: String?

    @Option(help: ArgumentHelp("Host name; the id's first 12 digits without it.", valueName: "name"))
    var hostname: String?

    @Option(
        name: .customLong("add-host"),
        help: ArgumentHelp("A line of /etc/hosts; repeatable.", valueName: "name:address")
    )
    var extraHosts: [String] = []

    @Flag(
        name: .customLong("init"),
        help: "PID 1 is an init: it passes signals on to the program, and waits for orphans."
    )
    var hasInit = false

    @Option(
        name: [.customShort("m"), .customLong("memory")],
        help: ArgumentHelp("Memory limit, such as 64m or 64Mi.", valueName: "size")
    )
    var memory: String?

    @Option(help: ArgumentHelp("Processors, such as 0.5.", valueName: "n"))
    var cpus: String?

    @Option(
        name: .customLong("pids-limit"),
        help: ArgumentHelp("Processes and threads at once.", valueName: "n")
    )
    var pids: Int?

    @Option(
        help: ArgumentHelp(
            "What its writable layer may take of the disk, such as 2g; a container with more is ended.",
            valueName: "size"
        )
    )
    var disk: String?

    @Option(
        name: .customLong("storage-opt"),
        help: ArgumentHelp("As --disk SIZE, in Docker's words.", valueName: "size=size")
    )
    var storageOption: String?

    @Flag(name: .customLong("read-only"), help: "A read-only root.")
    var isReadOnly = false

    @Option(help: ArgumentHelp("Empty folder in memory; repeatable.", valueName: "dir[:size=64m]"))
    var tmpfs: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "type=bind|volume|tmpfs,source=S,target=T,readonly; repeatable.",
            valueName: "mount"
        )
    )
    var mount: [String] = []

    @Option(name: .shortAndLong, help: ArgumentHelp("Label; repeatable.", valueName: "k=v"))
    var label: [String] = []

    @Option(
        name: .customLong("stop-signal"),
        help: ArgumentHelp("In place of the image's.", valueName: "signal")
    )
    var stopSignal: String?

    @Option(
        name: .customLong("stop-timeout"),
        help: ArgumentHelp("Seconds between the stop signal and SIGKILL; 10.", valueName: "seconds")
    )
    var stopTimeout: Int?

    @Option(help: ArgumentHelp("no, on-failure[:N], always or unless-stopped.", valueName: "policy"))
    var restart: String?

    @Option(name: .customLong("cap-add"), help: ArgumentHelp("Capability; repeatable.", valueName: "name"))
    var addedCapabilities: [String] = []

    @Option(
        name: .customLong("cap-drop"),
        help: ArgumentHelp("Capability, or ALL; repeatable.", valueName: "name")
    )
    var droppedCapabilities: [String] = []

    /// Puts what was asked for into a request.
    ///
    /// - Throws: ``ValidationError`` for a value that is malformed, ``CommandFailure`` for a file that cannot be read.
    func fill(_ request: inout ContainerRequest) throws {
        request.name = name
        request.workingDirectory = workingDirectory
        request.user = user
        request.hostname = hostname
        request.hasInit = hasInit
        request.pids = pids
        request.readOnlyRoot = isReadOnly
        request.labels = Self.map(label)
        request.stopSignal = stopSignal
        request.stopTimeout = stopTimeout
        request.addedCapabilities = addedCapabilities
        request.droppedCapabilities = droppedCapabilities
        do throws(ModelError) {
            if let memory { request.memory = try DockerSize.bytes(memory, field: "--memory") }
            if let size = try diskText() { request.disk = try DockerSize.bytes(size, field: "--disk") }
            if let cpus { request.cpu = try Millicores(cpus, field: "--cpus") }
            if let restart { request.restart = try RestartPolicy(restart) }
            for text in extraHosts { request.extraHosts.append(try HostEntry(text)) }
            for text in tmpfs { request.tmpfs.append(try ContainerMemoryFolder(text)) }
            for text in mount { try Self.add(text, to: &request) }
            try request.validate()
        } catch {
            throw ValidationError(error.description)
        }
        var variables: [String] = []
        for file in environmentFiles { variables += try Self.variables(in: file, "cannot run the container") }
        request.environment = variables + request.environment
    }

    private func diskText() throws(ModelError) -> String? {
        guard let storageOption else { return disk }
        let parts = storageOption.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, parts[0] == "size" else {
            throw ModelError(
                field: "--storage-opt",
                value: storageOption,
                expected: "size=SIZE, such as size=2g"
            )
        }
        return String(parts[1])
    }

    /// Whether an option was given that has no effect on `--code`.
    var strayOption: String? {
        if detach { return "--detach" }
        let given: [(String, Bool)] = [
            ("--name", name != nil), ("--env-file", !environmentFiles.isEmpty),
            ("--workdir", workingDirectory != nil),
            ("--user", user != nil), ("--hostname", hostname != nil), ("--cpus", cpus != nil),
            ("--pids-limit", pids != nil), ("--read-only", isReadOnly), ("--tmpfs", !tmpfs.isEmpty),
            ("--mount", !mount.isEmpty), ("--label", !label.isEmpty), ("--stop-signal", stopSignal != nil),
            ("--disk", disk != nil), ("--storage-opt", storageOption != nil),
            ("--add-host", !extraHosts.isEmpty), ("--init", hasInit),
            ("--stop-timeout", stopTimeout != nil), ("--restart", restart != nil),
            ("--cap-add", !addedCapabilities.isEmpty), ("--cap-drop", !droppedCapabilities.isEmpty),
        ]
        return given.first { $0.1 }?.0
    }

    /// `K=V`; `K` alone has an empty value.
    static func map(_ texts: [String]) -> [String: String] {
        var map: [String: String] = [:]
        for text in texts {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                String.init
            )
            map[parts[0]] = parts.count > 1 ? parts[1] : ""
        }
        return map
    }

    /// The lines of an environment file: `#` begins a comment, `K` alone takes this shell's value.
    static func variables(
        in file: String,
        _ what: String,
        exitCode: Int32 = ContainerEnded.platformCode
    ) throws(CommandFailure) -> [String] {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
            throw CommandFailure(
                what,
                why: "the environment file '\(file)' cannot be read",
                exitCode: exitCode
            )
        }
        let lines = text.split(whereSeparator: \.isNewline).map { String($0.drop(while: \.isWhitespace)) }
        return RunCommand.variables(
            lines.filter { !$0.isEmpty && !$0.hasPrefix("#") },
            own: ProcessInfo.processInfo.environment
        )
    }

    private static func add(_ text: String, to request: inout ContainerRequest) throws(ModelError) {
        let expected = "type=bind|volume|tmpfs,source=S,target=T[,readonly][,tmpfs-size=N]"
        var values: [String: String] = [:]
        for part in text.split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                String.init
            )
            let names = ["src": "source", "dst": "target", "destination": "target", "ro": "readonly"]
            let key = names[pair[0]] ?? pair[0]
            guard ["type", "source", "target", "readonly", "tmpfs-size"].contains(key) else {
                throw ModelError(field: "--mount", value: text, expected: expected)
            }
            values[key] = pair.count > 1 ? pair[1] : "true"
        }
        let type = values["type"] ?? "volume"
        guard let target = values["target"], ["bind", "volume", "tmpfs"].contains(type) else {
            throw ModelError(field: "--mount", value: text, expected: expected)
        }
        if type == "tmpfs" {
            let size = try values["tmpfs-size"].map { size throws(ModelError) in
                try DockerSize.bytes(size, field: "--mount")
            }
            request.tmpfs.append(
                ContainerMemoryFolder(target: target, size: size ?? ContainerMemoryFolder.sizeDefault)
            )
            return
        }
        guard let source = values["source"], (type == "bind") == source.hasPrefix("/") else {
            let expected = type == "bind" ? "an absolute path as source" : "the name of a volume as source"
            throw ModelError(field: "--mount", value: text, expected: expected)
        }
        let isReadOnly = ["true", "1"].contains(values["readonly"] ?? "false")
        request.volumes.append(ContainerVolume(source: source, target: target, readOnly: isReadOnly))
    }
}
