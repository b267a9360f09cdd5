// SPDX-License-Identifier: Apache-2.0
// The error of files on the user's machine. The command line makes its message of it.

/// A folder or credential file that cannot be read or written, or a registry that refuses a login.
package struct ClientFileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The reason, as a phrase.
    package let description: String

    init(_ error: any CustomStringConvertible) { description = error.description }
}
