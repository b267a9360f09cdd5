// SPDX-License-Identifier: Apache-2.0
// The error type of commands; Faasctl.swift writes it as one line on standard error.

/// A command's failure: its subject, its reason, and advice.
struct CommandFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// For example `cannot deploy 'hello'`.
    var what: String
    /// For example `there is no Dockerfile in ./hello`.
    var why: String
    /// For example `add one, or name an image with --image`; empty without advice.
    var next: String
    /// The exit code: 1 unless the command defines another.
    var exitCode: Int32 = 1
    /// Whether an answer was incomplete, so that a part of it is written already.
    var isBrokenOff = false
    /// Whether there is no listener at the gateway's address.
    var isUnreachable = false
    /// Whether the gateway rejected the credentials.
    var isUnauthorized = false

    init(_ what: String, why: String, next: String = "", exitCode: Int32 = 1) {
        self.what = what
        self.why = why
        self.next = next
        self.exitCode = exitCode
    }

    /// One line: line breaks of a gateway's answer are replaced.
    var description: String {
        let text = "\(what): \(why)" + (next.isEmpty ? "" : "; \(next)")
        return text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}

/// Ends the process with a code and no further message.
struct QuietExit: Error, Hashable, Sendable {
    var exitCode: Int32
}
