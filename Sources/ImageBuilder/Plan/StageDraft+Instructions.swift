// SPDX-License-Identifier: Apache-2.0
// The instructions that change only the configuration. Part of StageDraft; pure.

import ImageStore
import OCI
import Sandbox

extension StageDraft {
    /// Executes an instruction that makes no layer.
    ///
    /// - Returns: the instruction with its variables expanded, for the cache; nil when it makes a layer.
    mutating func apply(
        _ instruction: Instruction,
        given: [String: String],
        globals: [String: String]
    ) throws(SyntaxFailure) -> [String]? {
        let expander = expander
        switch instruction {
        case .copy, .add, .run, .workingDirectory: return nil
        case .argument(let declarations):
            try declare(declarations, given: given, globals: globals)
            // An argument affects the cache where a RUN sees it, not where it is declared.
            return ["ARG"] + declarations.map(\.name)
        case .environment(let pairs):
            let expanded = try Self.expand(pairs, expander)
            for pair in expanded { set(pair.name, pair.value) }
            return ["ENV"] + expanded.flatMap { [$0.name, $0.value] }
        case .label(let pairs):
            let expanded = try Self.expand(pairs, expander)
            for pair in expanded {
                execution.labels = (execution.labels ?? [:]).merging([pair.name: pair.value]) { $1 }
            }
            return ["LABEL"] + expanded.flatMap { [$0.name, $0.value] }
        case .command(let command):
            setCommand(command)
            return ["CMD"] + words(command)
        case .entrypoint(let command):
            setEntrypoint(command)
            return ["ENTRYPOINT"] + words(command)
        case .shell(let words):
            execution.shell = words
            return ["SHELL"] + words
        case .user(let text):
            execution.user = try Self.user(Self.nonEmpty(expander.expand(text), text))
            return ["USER", execution.user ?? ""]
        case .expose(let texts): return try expose(texts, expander)
        case .volume(let texts): return try declareVolumes(texts, expander)
        case .stopSignal(let text): return try setStopSignal(expander.expand(text))
        case .healthcheck(let check):
            setHealthcheck(check)
            return ["HEALTHCHECK"] + (execution.healthcheck?.test ?? [])
        case .onBuild(let text):
            execution.onBuild = (execution.onBuild ?? []) + [text]
            return ["ONBUILD", text]
        case .maintainer(let name):
            author = name
            return ["MAINTAINER", name]
        }
    }

    private static func expand(_ pairs: [NamedValue], _ expander: WordExpander) throws(SyntaxFailure)
        -> [NamedValue]
    {
        var result: [NamedValue] = []
        for pair in pairs {
            let name = try nonEmpty(expander.expand(pair.name), pair.name)
            result.append(NamedValue(name, try expander.expand(pair.value)))
        }
        return result
    }

    private static func nonEmpty(_ expanded: String, _ written: String) throws(SyntaxFailure) -> String {
        guard !expanded.isEmpty else {
            throw SyntaxFailure(written, expected: "something; it expands to nothing")
        }
        return expanded
    }

    /// Names are looked up when a container starts; numbers out of range are refused now.
    private static func user(_ text: String) throws(SyntaxFailure) -> String {
        guard !ContainerUserLookup.isOutOfRange(text) else {
            throw SyntaxFailure(text, expected: "a user and group from 0 to \(ContainerUser.idMax)")
        }
        return text
    }

    private mutating func expose(_ texts: [String], _ expander: WordExpander) throws(SyntaxFailure)
        -> [String]
    {
        var ports = execution.exposedPorts ?? [:]
        var names: [String] = []
        for text in texts {
            for word in try expander.words(text) { names += try Self.ports(word) }
        }
        for name in names { ports[name] = EmptyObject() }
        execution.exposedPorts = ports
        return ["EXPOSE"] + names
    }

    /// `8080`, `8080/udp`, `8000-8010/tcp`.
    private static func ports(_ word: String) throws(SyntaxFailure) -> [String] {
        let failure = SyntaxFailure(
            word,
            expected: "a port from 1 to 65535 or a range, with /tcp, /udp or /sctp"
        )
        let parts = word.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let transport = parts.count == 2 ? parts[1].lowercased() : "tcp"
        guard parts.count <= 2, ["tcp", "udp", "sctp"].contains(transport) else { throw failure }
        let bounds = parts[0].split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
        guard bounds.count <= 2, let low = bounds.first ?? nil, let high = bounds.last ?? nil else {
            throw failure
        }
        guard low > 0, low <= high else { throw failure }
        return (low...high).map { "\($0)/\(transport)" }
    }

    private mutating func declareVolumes(
        _ texts: [String],
        _ expander: WordExpander
    ) throws(SyntaxFailure) -> [String] {
        var volumes = execution.volumes ?? [:]
        var paths: [String] = []
        for text in texts { paths.append(try Self.nonEmpty(expander.expand(text), text)) }
        for path in paths { volumes[path] = EmptyObject() }
        execution.volumes = volumes
        return ["VOLUME"] + paths
    }

    private mutating func setStopSignal(_ text: String) throws(SyntaxFailure) -> [String] {
        guard SignalName.isKnown(text) else {
            throw SyntaxFailure(text, expected: "a signal: SIGTERM, TERM or a number from 1 to 64")
        }
        execution.stopSignal = text
        return ["STOPSIGNAL", text]
    }
}

/// The names of Linux' signals (signal(7)).
enum SignalName {
    private static let names: Set<String> = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "IOT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
        "PIPE",
        "ALRM", "TERM", "STKFLT", "CHLD", "CLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU",
        "XFSZ",
        "VTALRM", "PROF", "WINCH", "IO", "POLL", "PWR", "SYS", "RTMIN", "RTMAX",
    ]

    /// Whether a STOPSIGNAL is a signal of the kernel.
    static func isKnown(_ text: String) -> Bool {
        if let number = Int(text) { return (1...64).contains(number) }
        let upper = text.uppercased()
        let name = upper.hasPrefix("SIG") ? String(upper.dropFirst(3)) : upper
        if names.contains(name) { return true }
        // Real-time signals are numbered from RTMIN or from RTMAX.
        for (base, sign) in [("RTMIN", "+"), ("RTMAX", "-")] where name.hasPrefix(base + sign) {
            if let offset = Int(name.dropFirst(base.count + 1)) { return (0...30).contains(offset) }
        }
        return false
    }
}
