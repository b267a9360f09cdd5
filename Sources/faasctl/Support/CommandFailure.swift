// SPDX-License-Identifier: Apache-2.0
// The one error that commands throw; Faasctl.swift writes it as one line on standard error.

/// Why a command could not do its work: what failed, why, and what to do next.
struct CommandFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// For example `cannot deploy 'hello'`.
    var what: String
    /// For example `there is no Dockerfile in ./hello`.
    var why: String
    /// For example `add one, or name an image with --image`; empty when there is nothing to advise.
    var next: String
    /// What the process exits with: 1 unless the command's own contract says otherwise.
    var exitCode: Int32 = 1
    /// Whether an answer had begun before it failed: part of it is written already.
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

    /// Always one line: a gateway's answer may hold line breaks.
    var description: String {
        let text = "\(what): \(why)" + (next.isEmpty ? "" : "; \(next)")
        return text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}

/// Ends the process with a code after everything was said already.
struct QuietExit: Error, Hashable, Sendable {
    var exitCode: Int32
}
