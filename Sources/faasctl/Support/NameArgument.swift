// SPDX-License-Identifier: Apache-2.0
// Names on the command line: an invalid name is a usage error, reported before any request to the gateway.

import ArgumentParser
import FunctionModel

/// Checks names.
enum NameArgument {
    /// A function's name.
    static func function(_ text: String) throws -> String {
        do throws(ModelError) {
            _ = try FunctionName(text)
            return text
        } catch {
            throw ValidationError("expected " + error.expected)
        }
    }

    /// A secret's name.
    static func secret(_ text: String) throws -> String {
        guard SecretName.isValid(text) else {
            throw ValidationError(
                "expected 1 to \(SecretName.bytesMax) letters, digits, '.', '_' or '-', not starting with '.'"
            )
        }
        return text
    }

    /// An image's reference or digest, a folder or a file: any text that is not empty.
    static func anything(_ text: String) throws -> String {
        guard !text.isEmpty else { throw ValidationError("expected a name, not an empty word") }
        return text
    }
}

/// Applies an operation to each of several names; a failure is reported, and the others continue.
///
/// - Parameters:
///   - names: in their given order.
///   - report: called with the line of each failure that does not end the command.
///   - work: the operation on one name.
/// - Throws: the failure of the only name, or one that all others would have, too; else ``QuietExit`` with 1 when any
///   failed.
func forEachName(
    _ names: [String],
    report: (String) -> Void = { Terminal.error.remark($0) },
    _ work: (String) async throws(CommandFailure) -> Void
) async throws {
    var hasFailed = false
    for name in names {
        do throws(CommandFailure) {
            try await work(name)
        } catch {
            guard names.count > 1, !error.isUnreachable, !error.isUnauthorized else { throw error }
            report("faasctl: \(error)")
            hasFailed = true
        }
    }
    if hasFailed { throw QuietExit(exitCode: 1) }
}
