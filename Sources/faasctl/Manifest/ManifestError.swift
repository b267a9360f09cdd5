// SPDX-License-Identifier: Apache-2.0
// What is wrong in a function.yaml or stack.yaml, with the place as editors understand it.

/// A mistake in a manifest: `function.yaml:LINE:COLUMN: what is wrong`.
struct ManifestError: Error, Hashable, Sendable, CustomStringConvertible {
    var file: String
    /// From 1; nil when the mistake is something that is missing from the whole file.
    var line: Int?
    /// From 1, in characters.
    var column: Int?
    var message: String

    var description: String {
        guard let line, let column else { return "\(file): \(message)" }
        return "\(file):\(line):\(column): \(message)"
    }
}
