// SPDX-License-Identifier: Apache-2.0
// The generated parts of docs/reference/cli.md: usage and tables of each command, between two marks in its section.

import Foundation

/// Writes and finds the generated part of each command's section.
enum CommandPage {
    static let end = "<!-- end of the generated part -->"

    static func begin(_ words: [String]) -> String {
        "<!-- generated from the command's declaration: faasctl \(words.joined(separator: " ")) -->"
    }

    /// Usage, meaning, arguments and flags of one command.
    static func part(_ words: [String], _ command: CommandInfo, globals: [ArgumentInfo]) -> String {
        let takesGlobals = globals.allSatisfy { global in
            command.arguments?.contains { global.isSame(as: $0) } ?? false
        }
        let own = command.ownArguments(without: takesGlobals ? globals : [])
        var lines = [
            begin(words), "", "```text", usage(words, own, takesGlobals: takesGlobals), "```", "",
        ]
        lines += paragraph(command)
        if let aliases = command.aliases, !aliases.isEmpty {
            let names = aliases.map { "`\($0)`" }.joined(separator: ", ")
            lines += ["Also written as \(names).", ""]
        }
        if !own.isEmpty {
            lines += ["| argument | default | meaning |", "| --- | --- | --- |"]
            lines += own.map(row) + [""]
        }
        return (lines + [end]).joined(separator: "\n")
    }

    private static func usage(_ words: [String], _ own: [ArgumentInfo], takesGlobals: Bool) -> String {
        var parts = ["faasctl"] + words
        if takesGlobals { parts.append("[global options]") }
        if own.contains(where: { $0.kind != .positional && $0.isOptional }) { parts.append("[options]") }
        for option in own where option.kind != .positional && !option.isOptional {
            parts.append((option.flagText ?? "") + " " + (option.valueName?.uppercased() ?? "VALUE"))
        }
        for argument in own where argument.kind == .positional { parts.append(place(argument)) }
        return parts.joined(separator: " ")
    }

    private static func place(_ argument: ArgumentInfo) -> String {
        var name = (argument.valueName ?? "value").uppercased()
        if argument.parsingStrategy == "postTerminator" { return "[-- \(name)...]" }
        if argument.isRepeating { name += "..." }
        return argument.isOptional ? "[\(name)]" : name
    }

    private static func paragraph(_ command: CommandInfo) -> [String] {
        [command.abstract, command.discussion].compactMap { $0 }.filter { !$0.isEmpty }.flatMap { [$0, ""] }
    }

    private static func row(_ argument: ArgumentInfo) -> String {
        let value = argument.valueName.map { " " + $0.uppercased() } ?? ""
        let name =
            switch argument.kind {
            case .positional: place(argument)
            case .flag: argument.flagText ?? ""
            case .option: (argument.flagText ?? "") + value
            }
        let absent = argument.defaultValue ?? (argument.isOptional ? "" : "required")
        return "| `\(escaped(name))` | \(escaped(absent)) | \(escaped(argument.abstract ?? "")) |"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("|", with: "\\|").replacing("\n", with: " ")
    }

    /// The generated part that a page has for a command, marks included; nil when it has none.
    static func found(_ words: [String], in page: ReferencePage) -> Substring? {
        guard let start = page.text.range(of: begin(words)),
            let close = page.text.range(of: end, range: start.upperBound..<page.text.endIndex)
        else { return nil }
        return page.text[start.lowerBound..<close.upperBound]
    }
}
