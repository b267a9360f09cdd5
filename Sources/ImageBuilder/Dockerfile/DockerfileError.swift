// SPDX-License-Identifier: Apache-2.0
// The one error of the Dockerfile parser: where, which text, what was expected.

/// A place in a Dockerfile.
package struct DockerfileLocation: Hashable, Sendable, CustomStringConvertible {
    /// The file as the user knows it.
    package var file: String
    /// Counts from 1.
    package var line: Int

    package init(file: String, line: Int) {
        self.file = file
        self.line = line
    }

    package var description: String { "\(file):\(line)" }
}

/// A Dockerfile says something that it cannot.
package struct DockerfileError: Error, Hashable, Sendable, CustomStringConvertible {
    package var location: DockerfileLocation
    /// The offending text as written, cut to ``textLimit`` characters.
    package var text: String
    /// What was expected instead, as a phrase that follows "expected".
    package var expected: String

    /// Characters of the offending text that are kept: a line of a terminal, not a generated file of megabytes.
    package static let textLimit = 120

    package init(location: DockerfileLocation, text: String, expected: String) {
        self.location = location
        self.text = text.count > Self.textLimit ? text.prefix(Self.textLimit) + "…" : text
        self.expected = expected
    }

    package var description: String { "\(location): '\(text)': expected \(expected)" }
}

/// What is wrong with a piece of a line; the parser adds where.
struct SyntaxFailure: Error, Hashable {
    var text: String
    var expected: String

    init(_ text: String, expected: String) {
        self.text = text
        self.expected = expected
    }
}

/// Something that is allowed, but most likely not meant.
package struct DockerfileWarning: Hashable, Sendable {
    package var line: Int
    package var text: String
}
