// SPDX-License-Identifier: Apache-2.0
// Global options before the subcommand: `faasctl --gateway URL list`. Faasctl.swift uses it before parsing.

import ArgumentParser

/// Moves global options behind the subcommand, whose parser reads them.
enum GlobalPlacement {
    /// The options of ``GlobalOptions`` and ``NamespaceOption``.
    private enum Option: String, CaseIterable {
        case gateway
        case roots = "tls-ca"
        case rootsAsCurl = "cacert"
        case certificate = "client-cert"
        case key = "client-key"
        case output, quiet, namespace

        var takesValue: Bool { self != .quiet }
        var short: String? {
            switch self {
            case .gateway, .roots, .rootsAsCurl, .certificate, .key: nil
            case .output, .quiet, .namespace: "-" + rawValue.prefix(1)
            }
        }

        /// The option of a word, and the value after its `=`.
        static func read(_ word: String) -> (option: Option, value: String?)? {
            for option in allCases {
                let long = "--" + option.rawValue
                if word == long || word == option.short { return (option, nil) }
                if option.takesValue, word.hasPrefix(long + "=") {
                    return (option, String(word.dropFirst(long.count + 1)))
                }
            }
            return nil
        }
    }

    /// The words with global options behind the subcommand.
    ///
    /// - Parameters:
    ///   - words: without the program's name.
    ///   - root: the command.
    /// - Returns: the same words where no option precedes the subcommand.
    /// - Throws: ``ValidationError`` when there is no subcommand, or it has no such option.
    static func rearranged(_ words: [String], for root: any ParsableCommand.Type) throws -> [String] {
        var command = root
        var path: [String] = []
        var moved: [(option: Option, words: [String])] = []
        var rest = words[...]
        while let word = rest.first, !command.subcommandsOfAll.isEmpty {
            if let (option, value) = Option.read(word) {
                rest = rest.dropFirst()
                var own = ["--" + option.rawValue]
                if option.takesValue {
                    guard let text = value ?? rest.popFirst() else {
                        throw ValidationError("missing the value of '\(word)'")
                    }
                    own.append(text)
                }
                moved.append((option, own))
            } else if let inner = command.subcommandsOfAll.first(where: { $0.isNamed(word) }) {
                command = inner
                path.append(word)
                rest = rest.dropFirst()
            } else {
                // Help, a mistake, or the parser's own option: the parser handles it.
                return path + rest
            }
        }
        guard let first = moved.first else { return words }
        guard command.subcommandsOfAll.isEmpty else {
            throw ValidationError("missing the subcommand after '\(first.words.joined(separator: " "))'")
        }
        for (option, words) in moved where !command.hasOption(option.rawValue) {
            throw ValidationError("'\(words[0])' has no effect on '\(path.joined(separator: " "))'")
        }
        return path + moved.flatMap(\.words) + rest
    }
}

extension ParsableCommand {
    fileprivate static var subcommandsOfAll: [any ParsableCommand.Type] {
        configuration.subcommands + configuration.groupedSubcommands.flatMap(\.subcommands)
    }

    fileprivate static func isNamed(_ word: String) -> Bool {
        _commandName == word || configuration.aliases.contains(word)
    }

    /// Whether the command has an option of its own of this name, or all global ones; `same` is a command under another name.
    fileprivate static func hasOption(_ name: String) -> Bool {
        let labels = Mirror(reflecting: Self()).children.compactMap(\.label)
        // Not every command that asks a gateway is about names of one namespace.
        let isGlobal = name != "namespace" && (labels.contains("_global") || labels.contains("_same"))
        return isGlobal || labels.contains("_" + name)
    }
}
