// SPDX-License-Identifier: Apache-2.0
// A stack.yaml in OpenFaaS's format, a map from names to functions; up deploys them all.

import FunctionModel
import ManifestReader

/// Every function of a stack.yaml, in the order of the file.
struct StackManifest: Hashable, Sendable {
    var functions: [FunctionManifest] = []
    /// The gateway that the file names; the command line and the environment take precedence.
    var gateway: String?

    /// Most functions of one stack: the number that one gateway is designed for.
    private static let functionsMax = 10_000

    /// Reads a stack.yaml.
    ///
    /// - Parameters:
    ///   - text: YAML or JSON.
    ///   - file: its name in messages.
    ///   - variables: values for `${NAME}`.
    /// - Returns: the functions, checked.
    /// - Throws: ``ManifestError`` with the place of the first mistake.
    static func read(
        _ text: String,
        file: String,
        variables: [String: String]
    ) throws(ManifestError) -> StackManifest {
        let top = try ManifestMapping(ManifestSource(file: file, variables: variables).parse(text))
        try top.allow(only: ManifestSchema.stack.names)
        var stack = StackManifest()
        if let provider = top["provider"] { try stack.readProvider(ManifestMapping(provider)) }
        if let version = top["version"] { try readVersion(version) }
        guard let functions = top["functions"] else {
            throw top.node.mistake("'functions' is missing, expected a map from names to functions")
        }
        let entries = try ManifestMapping(functions)
        guard entries.entries.count <= functionsMax else {
            throw functions.mistake("more than \(functionsMax) functions in one stack")
        }
        for entry in entries.entries {
            let name: FunctionName
            do { name = try FunctionName(local: entry.key) } catch {
                throw entries.mistake(atKey: entry.key, "\(error)")
            }
            let reader = FunctionReader(mapping: try ManifestMapping(entry.value))
            stack.functions.append(try reader.read(name: name, keys: ManifestSchema.entry))
        }
        return stack
    }

    private mutating func readProvider(_ provider: ManifestMapping) throws(ManifestError) {
        try provider.allow(only: ManifestSchema.stack["provider"]?.names ?? [])
        if let name = provider["name"] {
            let text = try name.text()
            guard text == Self.providerName else {
                throw name.mistake("provider.name: '\(text)' is not valid, expected '\(Self.providerName)'")
            }
        }
        gateway = try provider["gateway"]?.text()
    }

    /// The provider's name and the format's version; others are refused.
    private static let providerName = "openfaas"
    private static let formatVersions = ["1.0", "1"]

    private static func readVersion(_ node: ManifestNode) throws(ManifestError) {
        let text = try node.text()
        guard formatVersions.contains(text) else {
            throw node.mistake("version: '\(text)' is not valid, expected \(formatVersions[0])")
        }
    }
}
