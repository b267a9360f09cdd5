// SPDX-License-Identifier: Apache-2.0
// What loading needs of the client's machine: variables, folders, and the text of files, which the caller reads.

import ManifestReader

/// The outcome of reading a file.
package enum ComposeFileText: Hashable, Sendable {
    case text(String)
    case missing
    /// With the reason.
    case unreadable(String)
}

/// Variables and files around a project.
package struct ComposeSources: Sendable {
    /// Variables of the shell over those of the environment file.
    package var environment: [String: String]
    /// The project's folder, absolute: paths of its files are relative to it.
    package var folder: String
    /// The user's home, for `~`.
    package var home: String?
    /// Reads the file of an absolute path.
    package var read: @Sendable (String) -> ComposeFileText

    package init(
        environment: [String: String],
        folder: String,
        home: String?,
        read: @escaping @Sendable (String) -> ComposeFileText
    ) {
        self.environment = environment
        self.folder = folder
        self.home = home
        self.read = read
    }

    /// The text of the file that a field names; nil when it is missing and need not be there.
    func text(of field: ComposeField, isRequired: Bool) throws(ManifestError) -> String? {
        let path = try field.name("a file")
        switch read(path) {
        case .text(let text): return text
        case .missing where !isRequired: return nil
        case .missing: throw field.mistake("\(field.path): '\(path)' does not exist")
        case .unreadable(let reason): throw field.mistake("\(field.path): cannot read '\(path)': \(reason)")
        }
    }

    /// The absolute path that a field names.
    func path(of field: ComposeField) throws(ManifestError) -> String {
        FilePath.absolute(try field.name("a file"), in: folder, home: home)
    }
}
