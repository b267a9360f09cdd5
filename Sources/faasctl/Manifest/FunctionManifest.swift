// SPDX-License-Identifier: Apache-2.0
// One function of a manifest as a value; deploy and up make requests of it.

import FunctionModel
import ManifestReader

/// One function of a function.yaml or of an entry of stack.yaml.
struct FunctionManifest: Hashable, Sendable {
    var name: FunctionName
    /// The reference of an existing image, or the name of the built one.
    var image: String?
    /// The build folder as written: relative to the manifest's own folder.
    var buildFolder: String?
    var buildArguments: [String: String] = [:]
    var configuration = FunctionConfiguration()
    /// Files with further variables, as written: relative to the manifest's own folder.
    var environmentFiles: [String] = []
}

extension FunctionManifest {
    /// Reads a function.yaml.
    ///
    /// - Throws: ``ManifestError`` with the place of the first mistake.
    static func read(_ text: String, file: String) throws(ManifestError) -> FunctionManifest {
        let top = try ManifestSource(file: file, variables: nil).parse(text)
        let mapping = try ManifestMapping(top)
        guard let nameNode = mapping["name"] else {
            throw ManifestError(file: file, message: "'name' is missing, expected the function's name")
        }
        let name = try nameNode.value(Self.parseName)
        return try FunctionReader(mapping: mapping).read(name: name, keys: ManifestSchema.function)
    }

    /// The error of the name has the valid form.
    static func parseName(_ text: String, field: String) throws(ModelError) -> FunctionName {
        try FunctionName(local: text)
    }
}
