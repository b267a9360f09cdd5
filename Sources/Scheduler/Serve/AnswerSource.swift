// SPDX-License-Identifier: Apache-2.0
// Where the answer of a program comes from that was started ahead: a connection to its server, or its runtime.

import SandboxHTTP

/// The parts of one answer, in order.
protocol AnswerSource: Sendable {
    /// The next part; the program is read only during a call.
    func next() async -> AnswerPart
    /// The next part that is here already.
    func nextIfPresent() -> AnswerPart?
}

extension ServerConnection: AnswerSource {}
