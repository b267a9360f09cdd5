// SPDX-License-Identifier: Apache-2.0
// The commands as ArgumentParser describes them (its `--experimental-dump-help`). CommandPage turns them into text.

import ArgumentParser
import Foundation

@testable import faasctl

/// One command.
struct CommandInfo: Decodable, Hashable, Sendable {
    var commandName: String
    var aliases: [String]?
    var abstract: String?
    var discussion: String?
    var subcommands: [CommandInfo]?
    var arguments: [ArgumentInfo]?

    private struct Dump: Decodable { var command: CommandInfo }

    /// `faasctl` with everything below it.
    static func root() throws -> CommandInfo { try of(Faasctl.self) }

    private static func of(_ type: any ParsableArguments.Type) throws -> CommandInfo {
        try JSONDecoder().decode(Dump.self, from: Data(type._dumpHelp().utf8)).command
    }

    /// Every command that does something, with the words that call it: `image index create`.
    func leaves(_ words: [String] = []) -> [(words: [String], command: CommandInfo)] {
        guard let subcommands, !subcommands.isEmpty else { return [(words, self)] }
        return subcommands.filter { $0.commandName != "help" }.flatMap { $0.leaves(words + [$0.commandName]) }
    }

    /// What every command that talks to a gateway takes.
    static func globals() throws -> [ArgumentInfo] {
        try (of(GlobalOptions.self).arguments ?? []).filter { !$0.isHelp }
    }

    /// The arguments that are this command's own: none of `globals`, which a section of their own explains.
    func ownArguments(without globals: [ArgumentInfo] = []) -> [ArgumentInfo] {
        (arguments ?? []).filter { argument in
            argument.shouldDisplay && !argument.isHelp && !globals.contains { $0.isSame(as: argument) }
        }
    }
}

/// One flag, option or positional argument.
struct ArgumentInfo: Decodable, Hashable, Sendable {
    enum Kind: String, Decodable { case positional, option, flag }
    struct Name: Decodable, Hashable { var kind: String, name: String }

    var kind: Kind
    var shouldDisplay: Bool
    var isOptional: Bool
    var isRepeating: Bool
    var parsingStrategy: String
    var names: [Name]?
    var valueName: String?
    var defaultValue: String?
    var allValues: [String]?
    var abstract: String?

    /// `--help` and `--version` are the parser's.
    var isHelp: Bool { names?.contains { ["help", "version"].contains($0.name) } ?? false }

    func isSame(as other: ArgumentInfo) -> Bool {
        kind == other.kind && names == other.names && abstract == other.abstract
    }

    /// `-o, --output`; nil for a positional argument.
    var flagText: String? {
        guard kind != .positional, let names else { return nil }
        return names.sorted { $0.name.count < $1.name.count }
            .map { ($0.kind == "long" ? "--" : "-") + $0.name }.joined(separator: ", ")
    }
}
