// SPDX-License-Identifier: Apache-2.0
// Names of functions, as OpenFaaS writes them: `name` or `name.namespace`, split at the last dot.

/// The name of a function in the one namespace that Mayfly has.
///
/// Source: OpenFaaS gateway, route pattern `[-a-zA-Z_0-9.]+`; its clients append `.openfaas-fn`.
package struct FunctionName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The namespace that OpenFaaS's clients expect to exist.
    package static let defaultNamespace = "openfaas-fn"
    /// A DNS label's length: names become host names of containers.
    package static let lengthMax = 63

    /// Under which `POST /v1/run` is recorded; no function can be deployed under it.
    package static let runs = FunctionName(trusted: "_run")

    package let text: String

    private init(trusted text: String) { self.text = text }

    /// Parses a name, with or without the default namespace's suffix.
    ///
    /// - Throws: ``ModelError`` when the text is empty, too long, has other characters, or starts or ends with `-`.
    package init(_ given: String) throws(ModelError) {
        let suffix = "." + Self.defaultNamespace
        let name = given.hasSuffix(suffix) ? String(given.dropLast(suffix.count)) : given
        let first = name.utf8.first
        let valid =
            !name.isEmpty && name.utf8.count <= Self.lengthMax && name.utf8.allSatisfy(Self.isAllowed)
            && first != UInt8(ascii: "-") && name.utf8.last != UInt8(ascii: "-")
        guard valid else {
            throw ModelError(
                field: "name",
                value: given,
                expected:
                    "1 to \(Self.lengthMax) letters, digits, '-' or '_', not starting or ending with '-'"
            )
        }
        text = name
    }

    package var description: String { text }

    package static func < (left: FunctionName, right: FunctionName) -> Bool { left.text < right.text }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

extension FunctionName: Codable {
    package init(from decoder: any Decoder) throws {
        self = try FunctionName(decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
