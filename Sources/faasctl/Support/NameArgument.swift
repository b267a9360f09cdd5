// SPDX-License-Identifier: Apache-2.0
// Names on the command line: an invalid name is a usage error, reported before any request to the gateway.

import ArgumentParser
import FunctionModel

/// Names that shells complete: they ask the gateway, as the user's environment or context names it.
extension CompletionKind {
    static let functions = names("list")
    static let secrets = names("secret list")
    static let namespaces = names("namespace list")
    static let contexts = names("context list")

    /// Names alone: bash expands what it is given, and a gateway's answer may hold anything.
    private static func names(_ verb: String) -> CompletionKind {
        .shellCommand("faasctl \(verb) --quiet 2>/dev/null | LC_ALL=C grep -x '[A-Za-z0-9._-]*'")
    }
}

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

    /// A function's name, with or without a version: `NAME`, `NAME:3` or `NAME:prod`.
    static func called(_ text: String) throws -> String {
        guard let colon = text.firstIndex(of: ":") else { return try function(text) }
        _ = try function(String(text[..<colon]))
        do throws(ModelError) {
            _ = try FunctionVersion(String(text[text.index(after: colon)...]))
            return text
        } catch {
            throw ValidationError("expected \(error.expected) after the colon, or a revision's number")
        }
    }

    /// An alias's name.
    static func alias(_ text: String) throws -> String {
        do throws(ModelError) {
            return try AliasName(text).text
        } catch {
            throw ValidationError("expected " + error.expected)
        }
    }

    /// A namespace's name.
    static func namespace(_ text: String) throws -> String {
        do throws(ModelError) { try FunctionNamespace.check(text) } catch {
            throw ValidationError("expected " + error.expected)
        }
        return text
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
