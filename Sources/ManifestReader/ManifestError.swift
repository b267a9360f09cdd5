// SPDX-License-Identifier: Apache-2.0
// What is wrong in a function.yaml, stack.yaml or config.yaml, with the place as editors understand it.

/// A mistake in a manifest: `function.yaml:LINE:COLUMN: what is wrong`.
package struct ManifestError: Error, Hashable, Sendable, CustomStringConvertible {
    package var file: String
    /// From 1; nil when the mistake is something that is missing from the whole file.
    package var line: Int?
    /// From 1, in characters.
    package var column: Int?
    package var message: String

    package init(file: String, line: Int? = nil, column: Int? = nil, message: String) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
    }

    package var description: String {
        guard let line, let column else { return "\(file): \(message)" }
        return "\(file):\(line):\(column): \(message)"
    }
}
