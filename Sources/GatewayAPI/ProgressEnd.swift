// SPDX-License-Identifier: Apache-2.0
// The last line of an answer of newline-delimited JSON: the result of the operation, or its error.

/// How an operation that reported progress ended; exactly one of result and error is there.
package struct ProgressEnd<Value: Codable & Sendable>: Codable, Sendable {
    package var result: Value?
    /// What failed and why, in words.
    package var error: String?
    /// The stable code of the error, as in ProblemBody/code.
    package var code: String?

    package init(result: Value) { self.result = result }

    package init(error: String, code: String) {
        self.error = error
        self.code = code
    }
}

/// Media types that both sides compare or send.
package enum MediaName {
    package static let json = "application/json"
    /// One JSON value per line.
    package static let lines = "application/x-ndjson"
    package static let tar = "application/x-tar"
}
