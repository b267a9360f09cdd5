// SPDX-License-Identifier: Apache-2.0
// Why a gateway did not start, or a host could not be checked. faasctl prints it as one line.

import Glibc

/// What failed, why, and what to do next.
package struct ServerError: Error, Hashable, Sendable {
    /// For example `cannot start the gateway`.
    package var what: String
    package var why: String
    /// Empty when there is nothing to advise.
    package var next: String

    init(_ what: String, why: String, next: String = "") {
        self.what = what
        self.why = why
        self.next = next
    }
}

/// The system's text for an error number, in lower case for use inside a sentence.
func systemMessage(_ errorNumber: Int32) -> String {
    guard let text = unsafe strerror(errorNumber) else { return "error \(errorNumber)" }
    let message = unsafe String(cString: text)
    return message.prefix(1).lowercased() + message.dropFirst()
}
