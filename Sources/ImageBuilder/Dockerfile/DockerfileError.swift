// SPDX-License-Identifier: Apache-2.0
// The one error of the Dockerfile parser: the place, the text, the expected form.

/// A place in a Dockerfile.
package struct DockerfileLocation: Hashable, Sendable, CustomStringConvertible {
    /// The file's name for the user.
    package var file: String
    /// Counts from 1.
    package var line: Int

    package init(file: String, line: Int) {
        self.file = file
        self.line = line
    }

    package var description: String { "\(file):\(line)" }
}

/// A violation of the Dockerfile syntax.
package struct DockerfileError: Error, Hashable, Sendable, CustomStringConvertible {
    package var location: DockerfileLocation
    /// The offending text as written, truncated to ``textLimit`` characters.
    package var text: String
    /// The expected form, as a phrase that follows "expected".
    package var expected: String

    /// Characters of the offending text that are kept: a line of a terminal.
    package static let textLimit = 120

    package init(location: DockerfileLocation, text: String, expected: String) {
        self.location = location
        self.text = text.count > Self.textLimit ? text.prefix(Self.textLimit) + "…" : text
        self.expected = expected
    }

    package var description: String { "\(location): '\(text)': expected \(expected)" }
}

/// A mistake in a piece of a line; the parser adds the location.
struct SyntaxFailure: Error, Hashable {
    var text: String
    var expected: String

    init(_ text: String, expected: String) {
        self.text = text
        self.expected = expected
    }
}

/// A valid construct that is probably a mistake.
package struct DockerfileWarning: Hashable, Sendable {
    package var line: Int
    package var text: String
}
