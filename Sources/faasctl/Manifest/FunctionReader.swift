// SPDX-License-Identifier: Apache-2.0
// Makes a manifest of the map of one function: every key is read explicitly.

import FunctionModel
import ManifestReader

/// Reads the keys that function.yaml and an entry of stack.yaml share.
struct FunctionReader {
    let mapping: ManifestMapping

    /// Reads the whole function.
    ///
    /// - Parameters:
    ///   - name: the function's name, which is no key of the map.
    ///   - keys: the permitted keys.
    /// - Returns: the function, checked.
    /// - Throws: ``ManifestError`` with the place of the first mistake.
    func read(name: FunctionName, keys: KeyTree) throws(ManifestError) -> FunctionManifest {
        try mapping.allow(
            only: keys.names,
            suggesting: keys.names.filter { !ManifestSchema.translated.contains($0) }
        )
        var manifest = FunctionManifest(name: name)
        manifest.image = try mapping["image"]?.text()
        manifest.buildFolder = try mapping["build"]?.text("a folder")
        manifest.environmentFiles = try environmentFiles()
        try translate(into: &manifest)
        try readBuild(into: &manifest)
        try ConfigurationReader(mapping: mapping).read(into: &manifest.configuration)
        try validate(manifest)
        return manifest
    }

    /// One file or a list of them.
    private func environmentFiles() throws(ManifestError) -> [String] {
        guard let node = mapping["environment_file"] else { return [] }
        return node.isList ? try node.texts() : [try node.text("a file")]
    }

    /// The keys of builds.
    private func readBuild(into manifest: inout FunctionManifest) throws(ManifestError) {
        if let node = mapping["build_args"] {
            guard manifest.buildFolder != nil else {
                throw mapping.mistake(
                    atKey: "build_args",
                    "'build_args' has no effect: neither 'build' nor 'handler' names a folder to build"
                )
            }
            manifest.buildArguments = try node.textMap()
        }
        if let node = mapping["skip_build"], try node.boolean() {
            guard manifest.image != nil else {
                throw mapping.mistake(
                    atKey: "skip_build",
                    "'skip_build' needs 'image', the image that exists already"
                )
            }
            manifest.buildFolder = nil
        }
    }

    /// OpenFaaS's keys: `handler` is the folder of `lang: dockerfile`, `fprocess` the command.
    private func translate(into manifest: inout FunctionManifest) throws(ManifestError) {
        if let language = mapping["lang"] {
            let text = try language.text()
            guard text.lowercased() == "dockerfile" else {
                throw language.mistake(
                    "templates such as '\(text)' are not supported, expected 'dockerfile' and a Dockerfile in 'handler'"
                )
            }
        }
        if let handler = mapping["handler"] {
            guard manifest.buildFolder == nil else {
                throw mapping.mistake(atKey: "handler", "'handler' and 'build' exclude each other")
            }
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
            do throws(ModelError) {
                manifest.name = try FunctionName(manifest.name.localName, namespace: text)
            } catch {
                throw namespace.mistake("\(error)")
            }
        }
    }

    /// Checks values that depend on each other; single values were checked before.
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

    /// The node of a field's path with dots.
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
