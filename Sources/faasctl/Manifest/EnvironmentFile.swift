// SPDX-License-Identifier: Apache-2.0
// The files of `environment_file`: variables in a map `environment`, in OpenFaaS's form.

import Foundation
import FunctionModel
import ManifestReader

extension FunctionManifest {
    /// Reads the files with further variables; they replace the manifest's own, and those of earlier files.
    ///
    /// - Parameter folder: of the manifest.
    /// - Throws: ``CommandFailure`` when a file cannot be read, ``ManifestError`` with the place of a mistake in it.
    mutating func addEnvironmentFiles(in folder: URL) throws {
        for file in environmentFiles {
            let path = BuildFolder.path(file, in: folder).path
            let text = try TextFile.read(path, for: "cannot read '\(file)', an environment_file of '\(name)'")
            let mapping = try ManifestMapping(ManifestSource(file: file, variables: nil).parse(text))
            try mapping.allow(only: ManifestSchema.environmentFile.names)
            let variables = try mapping["environment"]?.textMap() ?? [:]
            configuration.environment.merge(variables) { _, later in later }
        }
    }
}
