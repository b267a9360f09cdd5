// SPDX-License-Identifier: Apache-2.0
// The forms in which AWS's clients name a function: name, partial and full ARN, each with or without a qualifier.

import Contracts
import FunctionModel

/// A function and, where it is named, a version or an alias of it.
struct FunctionReference: Hashable, Sendable {
    /// The qualifier of the newest revision.
    static let latest = "$LATEST"
    /// AWS's own bound; a full ARN is shorter.
    private static let bytesMax = 256

    let name: FunctionName
    /// Nil: the newest revision; also where the name says `$LATEST`.
    let qualifier: String?

    /// Reads a name.
    ///
    /// Region and account of an ARN do not matter: this gateway has one of each.
    ///
    /// - Parameters:
    ///   - text: decoded.
    ///   - parameter: what the query names besides, which must not differ.
    /// - Throws: ``LambdaError``.
    init(_ text: String, qualifier parameter: String? = nil) throws(LambdaError) {
        guard text.utf8.count <= Self.bytesMax else { throw Self.malformed("FunctionName", text) }
        var parts = text.split(separator: ":", omittingEmptySubsequences: false)
        if parts.first == "arn" {
            guard parts.count >= 7, parts[2] == "lambda", parts[5] == "function" else {
                throw Self.malformed("FunctionName", text)
            }
            parts.removeFirst(6)
        } else if let place = parts.firstIndex(of: "function"), place <= 1, parts.count > place + 1 {
            parts.removeFirst(place + 1)
        }
        guard (1...2).contains(parts.count) else { throw Self.malformed("FunctionName", text) }
        do throws(ModelError) { name = try FunctionName(String(parts[0])) } catch {
            throw .parameter("FunctionName: " + error.description)
        }
        let own = parts.count > 1 ? String(parts[1]) : nil
        if let own, let parameter, own != parameter {
            throw .parameter(
                "The derived qualifier from the function name does not match the specified qualifier."
            )
        }
        let chosen = own ?? parameter
        if let chosen, !Self.isQualifier(chosen) { throw Self.malformed("Qualifier", chosen) }
        qualifier = chosen == Self.latest ? nil : chosen
    }

    private static func malformed(_ field: String, _ text: String) -> LambdaError {
        .parameter("\(field): '\(text.prefix(64))' is not valid")
    }

    private static func isQualifier(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && (text == latest
                || text.utf8.allSatisfy {
                    (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45
                        || $0 == 95
                })
    }

    /// The number of a version; nil for an alias and without a qualifier.
    var version: Int? { qualifier.flatMap { Int($0) } }

    /// What an unknown one is called in errors.
    var arn: String { Self.arn(name, qualifier: qualifier) }

    static func arn(_ name: FunctionName, qualifier: String? = nil) -> String {
        LambdaEnvironment.arn(name.text + (qualifier.map { ":" + $0 } ?? ""))
    }
}
