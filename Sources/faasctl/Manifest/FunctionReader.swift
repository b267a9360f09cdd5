// SPDX-License-Identifier: Apache-2.0
// From the map of one function to a manifest: every key is asked for by name, nothing is guessed.

import FunctionModel

/// Reads the keys that function.yaml and an entry of stack.yaml share.
struct FunctionReader {
    let mapping: ManifestMapping

    /// Keys of a function's image; the rest of our own keys are those of the configuration.
    static let ownKeys = ["image", "build", "build_args"]
    /// Keys of OpenFaaS's stack.yaml that mean nothing without its build tools or its cluster.
    static let foreignKeys = [
        "skip_build", "constraints", "requests", "build_options", "build_secrets", "platforms",
    ]
    /// Keys of OpenFaaS's stack.yaml that are translated.
    static let translatedKeys = ["lang", "handler", "fprocess", "namespace"]

    /// Reads the whole function.
    ///
    /// - Parameters:
    ///   - name: the function's, which stands elsewhere than its keys.
    ///   - ownKeys: keys that the caller has read itself.
    /// - Returns: the function, checked.
    /// - Throws: ``ManifestError`` with the place of the first mistake.
    func read(name: FunctionName, ownKeys: [String]) throws(ManifestError) -> FunctionManifest {
        let known =
            ownKeys + Self.ownKeys
            + FunctionConfiguration.CodingKeys.allCases.map(\.rawValue)
        // What people misspell is our own key: those of other tools are no suggestions.
        let foreign = Self.foreignKeys + Self.translatedKeys
        for entry in mapping.entries where !known.contains(entry.key) && !foreign.contains(entry.key) {
            try mapping.allow(only: known + foreign)
        }
        var manifest = FunctionManifest(name: name)
        manifest.image = try mapping["image"]?.text()
        manifest.buildFolder = try mapping["build"]?.text("a folder")
        manifest.buildArguments = try mapping["build_args"]?.textMap() ?? [:]
        try translate(into: &manifest)
        for entry in mapping.entries where Self.foreignKeys.contains(entry.key) {
            manifest.remarks.append("\(entry.value.mistake("'\(entry.key)' has no effect here"))")
        }
        try ConfigurationReader(mapping: mapping).read(into: &manifest.configuration)
        try validate(manifest)
        return manifest
    }

    /// OpenFaaS's words: `handler` is the folder of `lang: dockerfile`, `fprocess` the command.
    private func translate(into manifest: inout FunctionManifest) throws(ManifestError) {
        if let language = mapping["lang"] {
            let text = try language.text()
            guard text.lowercased() == "dockerfile" else {
                throw language.mistake(
                    "templates such as '\(text)' are not supported, expected 'dockerfile' and a Dockerfile in 'handler'"
                )
            }
        }
        if let handler = mapping["handler"], manifest.buildFolder == nil {
            manifest.buildFolder = try handler.text("a folder")
        }
        if let process = mapping["fprocess"] {
            guard mapping["command"] == nil else {
                throw mapping.mistake(atKey: "fprocess", "'fprocess' and 'command' exclude each other")
            }
            manifest.configuration.command = try process.text().split(separator: " ").map(String.init)
        }
        if let namespace = mapping["namespace"] {
            let text = try namespace.text()
            guard text == FunctionName.defaultNamespace else {
                throw namespace.mistake(
                    "namespace: '\(text)' does not exist, expected '\(FunctionName.defaultNamespace)' or none"
                )
            }
        }
    }

    /// Checks across keys; a value's own mistakes were found where it stands.
    private func validate(_ manifest: FunctionManifest) throws(ManifestError) {
        guard manifest.image != nil || manifest.buildFolder != nil else {
            throw mapping.node.mistake(
                "neither 'image' nor 'build' is given, expected a reference or a folder with a Dockerfile"
            )
        }
        do {
            try manifest.configuration.validate()
        } catch {
            throw place(of: error.field)?.mistake("\(error)") ?? mapping.node.mistake("\(error)")
        }
    }

    /// The node that a field's dotted name stands for.
    private func place(of field: String) -> ManifestNode? {
        var current = mapping
        var found: ManifestNode?
        for key in field.split(separator: ".").map(String.init) {
            guard let next = current[key] else { return found }
            found = next
            guard let inner = try? ManifestMapping(next) else { return found }
            current = inner
        }
        return found
    }
}
