// SPDX-License-Identifier: Apache-2.0
// COPY and ADD, RUN, HEALTHCHECK: the instructions with options. Part of InstructionParser.

extension InstructionParser {
    static let copyOptions: [String: InstructionOptions.Kind] = [
        "from": .text, "chown": .text, "chmod": .text, "link": .flag, "parents": .flag, "exclude": .list,
    ]
    static let addOptions: [String: InstructionOptions.Kind] = [
        "chown": .text, "chmod": .text, "link": .flag, "exclude": .list, "checksum": .text, "unpack": .flag,
        "keep-git-dir": .flag,
    ]

    func copy(allowed: [String: InstructionOptions.Kind]) throws(SyntaxFailure) -> CopyInstruction {
        var options = try InstructionOptions(line, allowed: allowed)
        // A source that begins with `<<` is a here-document instead of a path.
        let hasDocuments = !line.heredocs.isEmpty
        let rest = hasDocuments ? try HeredocMark.removing(from: options.rest, escape: escape) : options.rest
        var words = try paths(rest)
        guard words.count >= 2 || hasDocuments, let destination = words.popLast(), !destination.isEmpty else {
            throw SyntaxFailure(line.text, expected: "at least one source and a destination")
        }
        var copy = CopyInstruction(sources: words, destination: destination)
        copy.heredocs = line.heredocs
        copy.from = options.take("from")
        copy.owner = options.take("chown")
        copy.mode = options.take("chmod")
        copy.link = options.takeFlag("link") ?? false
        copy.parents = options.takeFlag("parents") ?? false
        copy.excludes = options.takeAll("exclude")
        copy.checksum = options.take("checksum")
        copy.unpack = options.takeFlag("unpack")
        copy.keepGitDirectory = options.takeFlag("keep-git-dir") ?? false
        if copy.from != nil, !copy.heredocs.isEmpty {
            throw SyntaxFailure(line.text, expected: "no here-document together with --from")
        }
        return copy
    }

    private func paths(_ rest: String) throws(SyntaxFailure) -> [String] {
        switch JSONForm(rest) {
        case .strings(let paths): return paths
        case .otherArray: throw SyntaxFailure(line.text, expected: "strings only in the JSON array")
        case .none: return plainWords(rest)
        }
    }

    func run() throws(SyntaxFailure) -> RunInstruction {
        let allowed: [String: InstructionOptions.Kind] = [
            "mount": .list, "network": .text, "security": .text,
        ]
        var options = try InstructionOptions(line, allowed: allowed)
        guard !options.rest.isEmpty else { throw SyntaxFailure(line.text, expected: "a command after RUN") }
        var run = RunInstruction(command: try command(options.rest))
        if case .exec(let words) = run.command, words.isEmpty {
            throw SyntaxFailure(line.text, expected: "a command after RUN")
        }
        run.heredocs = line.heredocs
        run.mounts = options.takeAll("mount")
        // A mount with variables can be parsed only after they are expanded.
        for mount in run.mounts where !mount.contains("$") { _ = try RunMount(mount) }
        if let network = options.take("network") {
            run.network = try choice(network, option: "network")
        }
        if let security = options.take("security") {
            run.security = try choice(security, option: "security")
        }
        return run
    }

    private func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ text: String,
        option: String
    ) throws(SyntaxFailure) -> Choice {
        guard let choice = Choice(rawValue: text.lowercased()) else {
            let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw SyntaxFailure("--\(option)=\(text)", expected: "one of \(known)")
        }
        return choice
    }

    func healthcheck() throws(SyntaxFailure) -> HealthcheckInstruction {
        let names = ["interval", "timeout", "start-period", "start-interval", "retries"]
        var options = try InstructionOptions(
            line,
            allowed: Dictionary(uniqueKeysWithValues: names.map { ($0, InstructionOptions.Kind.text) })
        )
        var check = HealthcheckInstruction()
        check.intervalNanoseconds = try duration(options.take("interval"), option: "interval")
        check.timeoutNanoseconds = try duration(options.take("timeout"), option: "timeout")
        check.startPeriodNanoseconds = try duration(options.take("start-period"), option: "start-period")
        check.startIntervalNanoseconds = try duration(
            options.take("start-interval"),
            option: "start-interval"
        )
        if let text = options.take("retries") {
            guard let retries = Int(text), retries >= 0 else {
                throw SyntaxFailure("--retries=\(text)", expected: "a number of retries")
            }
            check.retries = retries
        }
        let keyword = options.rest.prefix { !$0.isBlank }
        let rest = String(options.rest.dropFirst(keyword.count).drop(while: \.isBlank))
        switch keyword.uppercased() {
        case "NONE" where rest.isEmpty: return check
        case "CMD" where !rest.isEmpty:
            check.command = try command(rest)
            if check.command == .exec([]) { fallthrough }
            return check
        default:
            throw SyntaxFailure(line.text, expected: "HEALTHCHECK NONE, or HEALTHCHECK [options] CMD command")
        }
    }

    private func duration(_ text: String?, option: String) throws(SyntaxFailure) -> Int? {
        guard let text else { return nil }
        guard let nanoseconds = DurationText.nanoseconds(text), nanoseconds == 0 || nanoseconds >= 1_000_000
        else {
            throw SyntaxFailure(
                "--\(option)=\(text)",
                expected: "a time of at least 1ms, such as 30s or 1m30s"
            )
        }
        return nanoseconds
    }
}

/// Times in the syntax of Go: `1h2m3.5s`, `300ms`.
enum DurationText {
    private static let units: [(suffix: String, nanoseconds: Double)] = [
        ("ns", 1), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 6e10), ("h", 3.6e12),
    ]

    /// Nil when it is malformed, negative, or beyond 290 years.
    static func nanoseconds(_ text: String) -> Int? {
        if text == "0" { return 0 }
        var rest = text[...]
        var total = 0.0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCIIDigit || $0 == "." }
            rest = rest.dropFirst(digits.count)
            let suffix = rest.prefix { !$0.isASCIIDigit && $0 != "." }
            rest = rest.dropFirst(suffix.count)
            guard let number = Double(digits), let unit = units.first(where: { $0.suffix == suffix }) else {
                return nil
            }
            total += number * unit.nanoseconds
        }
        return total < 9.2e18 ? Int(total.rounded()) : nil
    }
}
