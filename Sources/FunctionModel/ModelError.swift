// SPDX-License-Identifier: Apache-2.0
// The one error of FunctionModel: which field, which text, what was expected.

/// A user's value is not valid.
package struct ModelError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The field as the user knows it, for example `limits.memory`.
    package var field: String
    /// The offending text, as given.
    package var value: String
    /// What was expected instead, as a phrase that follows "expected".
    package var expected: String

    package init(field: String, value: String, expected: String) {
        self.field = field
        self.value = value
        self.expected = expected
    }

    package var description: String { "\(field): '\(value)' is not valid, expected \(expected)" }
}
