// SPDX-License-Identifier: Apache-2.0
// `faasctl compose -f FILE -p NAME up`: the project's options before the subcommand. Faasctl.swift uses it before parsing.

import ArgumentParser

/// Moves the project's options behind the subcommand of compose, whose parser reads them by their long names.
enum ComposePlacement {
    /// The project's options, which all take a value, by every spelling.
    private static let options = [
        "-f": "--file", "--file": "--file", "-p": "--project-name", "--project-name": "--project-name",
        "--profile": "--profile", "--env-file": "--env-file", "--project-directory": "--project-directory",
    ]
    /// Global options with a value, which stay where they are.
    private static let globals: Set<String> = ["--gateway", "--tls-ca", "--output", "-o"]

    /// The words with the project's options behind the subcommand.
    ///
    /// - Parameter words: without the program's name.
    /// - Returns: the same words for other commands.
    /// - Throws: ``ValidationError`` when an option has no value.
    static func rearranged(_ words: [String]) throws -> [String] {
        var rest = words[...]
        var before: [String] = []
        while let word = rest.first, word.hasPrefix("-") {
            before += take(&rest, hasValue: globals.contains(word))
        }
        guard rest.popFirst() == "compose" else { return words }
        before.append("compose")
        var moved: [String] = []
        while let word = rest.first, word.hasPrefix("-") {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                String.init
            )
            if let long = options[word] {
                rest.removeFirst()
                guard let value = rest.popFirst() else {
                    throw ValidationError("missing the value of '\(word)'")
                }
                moved += [long, value]
            } else if parts.count == 2, let long = options[parts[0]] {
                rest.removeFirst()
                moved += [long, parts[1]]
            } else {
                before += take(&rest, hasValue: globals.contains(word))
            }
        }
        guard let subcommand = rest.popFirst() else { return words }
        return before + [subcommand] + moved + rest
    }

    private static func take(_ rest: inout ArraySlice<String>, hasValue: Bool) -> [String] {
        let taken = Array(rest.prefix(hasValue ? 2 : 1))
        rest = rest.dropFirst(taken.count)
        return taken
    }
}
