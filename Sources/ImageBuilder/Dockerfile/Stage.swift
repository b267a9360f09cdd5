// SPDX-License-Identifier: Apache-2.0
// A parsed Dockerfile as values.

/// One instruction of a stage.
package struct Step: Hashable, Sendable {
    /// Line that the instruction begins on; counts from 1.
    package var line: Int
    /// The instruction as written, continuations joined; shown as progress and kept in the history.
    package var text: String
    package var instruction: Instruction
}

/// `FROM`, and the instructions up to the next one.
package struct Stage: Hashable, Sendable {
    package var line: Int
    /// The FROM instruction as written.
    package var text: String
    /// Lower-cased, because stage names compare so; nil when the stage has none.
    package var name: String?
    /// Stage name or image reference as written; variables not yet expanded.
    package var base: String
    /// `--platform` as written.
    package var platform: String?
    package var steps: [Step] = []
}

/// A whole Dockerfile.
package struct Dockerfile: Hashable, Sendable {
    /// The file's name for the user, in errors.
    package var file: String
    package var directives = ParserDirectives()
    /// `ARG` before the first `FROM`: visible in FROM lines, and in a stage with `ARG name`.
    package var globalArguments: [ArgumentDeclaration] = []
    package var stages: [Stage] = []
    package var warnings: [DockerfileWarning] = []
}

/// The special comments at the beginning of a Dockerfile.
package struct ParserDirectives: Hashable, Sendable {
    /// `# syntax=`: the image of a front end; kept but not used, since there is no other front end.
    package var syntax: String?
    /// `# escape=`: the character that continues lines and escapes `$` and quotes.
    package var escape: Character = "\\"
    /// `# check=`: rules of a linter, kept but not used.
    package var check: String?
}
