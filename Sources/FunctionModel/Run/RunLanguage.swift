// SPDX-License-Identifier: Apache-2.0
// How a piece of code becomes a command: one fixed table, which docs/reference/run.md repeats.

/// A language of POST /v1/run.
package enum RunLanguage: String, Hashable, Sendable, CaseIterable {
    case python, node, sh, bash, perl, ruby, php

    /// The interpreter with the option that takes a program as its argument.
    ///
    /// An argument, because a file would take a place in the container, and standard input is the caller's.
    private var interpreter: [String] {
        switch self {
        case .python: ["python3", "-c"]
        case .node: ["node", "-e"]
        case .sh: ["sh", "-c"]
        case .bash: ["bash", "-c"]
        case .perl: ["perl", "-e"]
        case .ruby: ["ruby", "-e"]
        case .php: ["php", "-r"]
        }
    }

    /// The command that runs a program.
    package func command(running code: String) -> [String] { interpreter + [code] }
}
