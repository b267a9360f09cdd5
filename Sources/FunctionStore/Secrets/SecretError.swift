// SPDX-License-Identifier: Apache-2.0
// Typed errors of the secret files; text is made here once and never holds a secret's value.

import FunctionModel

/// Why a secret was not made, read or removed.
package enum SecretError: Error, Hashable, Sendable, CustomStringConvertible {
    case exists(String)
    case notFound(String)
    /// The name is no plain file name of allowed characters.
    case invalidName(String)
    case tooLarge(name: String, bytes: Int, bytesMax: Int)
    /// There are as many secrets as one folder may hold.
    case tooMany(countMax: Int)
    /// A call of the file system failed.
    case system(call: String, path: String, errorNumber: Int32)

    package var description: String {
        switch self {
        case .exists(let name): "secret '\(name)' exists already"
        case .notFound(let name): "the secret '\(name)' does not exist"
        case .invalidName(let name):
            "'\(name)' is not a valid name of a secret: 1 to \(SecretName.bytesMax) letters, digits, '.', '_' "
                + "or '-', not starting with '.'"
        case .tooLarge(let name, let bytes, let bytesMax):
            "secret '\(name)' has \(bytes) bytes, at most \(bytesMax) are allowed"
        case .tooMany(let countMax): "there are \(countMax) secrets already; remove some first"
        case .system(let call, let path, let errorNumber):
            "\(call) '\(path)' failed: \(SecretFile.systemText(errorNumber))"
        }
    }
}
