// SPDX-License-Identifier: Apache-2.0
// What a manifest says of one function; deploy and up turn it into requests.

import FunctionModel
import ManifestReader

/// One function as function.yaml or an entry of stack.yaml describes it.
struct FunctionManifest: Hashable, Sendable {
    var name: FunctionName
    /// A reference, when the image exists already, or the name that the built one gets.
    var image: String?
    /// The folder to build from, as written: relative to the manifest's own folder.
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

    /// The name's own message says what is allowed.
    static func parseName(_ text: String, field: String) throws(ModelError) -> FunctionName {
        try FunctionName(text)
    }
}
