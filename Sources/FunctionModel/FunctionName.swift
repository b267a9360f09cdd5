// SPDX-License-Identifier: Apache-2.0
// Names of functions, as OpenFaaS writes them: `name` or `name.namespace`, split at the last dot.

/// The name of a function within its namespace.
///
/// Source: OpenFaaS gateway, route pattern `[-a-zA-Z_0-9.]+`; its clients append `.openfaas-fn`.
package struct FunctionName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The namespace of functions that name none; OpenFaaS's clients expect it to exist.
    package static let defaultNamespace = "openfaas-fn"
    /// A DNS label's length: names become host names of containers.
    package static let lengthMax = 63

    /// Under which `POST /v1/run` is recorded; no function can be deployed under it.
    package static let runs = FunctionName(trusted: "_run")

    /// `NAME`, or `NAME.NAMESPACE` outside of the default namespace: different for any two functions.
    ///
    /// Everything that is kept for a function is kept under this text.
    package let text: String
    /// Bytes of ``localName`` in ``text``.
    private let localLength: Int

    private init(trusted text: String) {
        self.text = text
        localLength = text.utf8.count
    }

    /// Parses a name, with or without a namespace.
    ///
    /// - Throws: ``ModelError`` when the name is empty, too long, has other characters, or starts or ends with `-`;
    ///   or when the namespace is none.
    package init(_ given: String) throws(ModelError) {
        let dot = given.utf8.lastIndex(of: UInt8(ascii: "."))
        let name = given[..<(dot ?? given.endIndex)]
        let namespace = dot.map { String(given[given.utf8.index(after: $0)...]) } ?? Self.defaultNamespace
        guard Self.isValid(name.utf8), FunctionNamespace.isValid(namespace) else {
            throw ModelError(field: "name", value: given, expected: Self.expected(of: given))
        }
        text = namespace == Self.defaultNamespace ? String(name) : given
        localLength = name.utf8.count
    }

    /// Parses a name that may have its namespace beside it.
    ///
    /// - Parameters:
    ///   - given: the name; when it has a namespace, too, the two must be the same.
    ///   - namespace: nil or empty: that of the name, else the default one.
    /// - Throws: ``ModelError``.
    package init(_ given: String, namespace: String?) throws(ModelError) {
        let parsed = try FunctionName(given)
        guard let namespace, !namespace.isEmpty, namespace != parsed.namespace else {
            self = parsed
            return
        }
        try FunctionNamespace.check(namespace)
        guard !given.utf8.contains(UInt8(ascii: ".")) else {
            throw ModelError(
                field: "namespace",
                value: namespace,
                expected: "'\(parsed.namespace)', which the name has, or none"
            )
        }
        try self.init("\(given).\(namespace)")
    }

    /// Parses a name where another place says the namespace.
    ///
    /// - Throws: ``ModelError``, also for a name with a namespace other than the default one.
    package init(local given: String) throws(ModelError) {
        let parsed = try FunctionName(given)
        guard parsed.namespace == Self.defaultNamespace else {
            throw ModelError(field: "name", value: given, expected: "a name without a dot")
        }
        self = parsed
    }

    /// The name without its namespace.
    package var localName: String { String(text.utf8.prefix(localLength)) ?? text }

    /// The namespace's name.
    package var namespace: String {
        localLength == text.utf8.count
            ? Self.defaultNamespace : String(text.utf8.dropFirst(localLength + 1)) ?? Self.defaultNamespace
    }

    package var description: String { text }

    package static func < (left: FunctionName, right: FunctionName) -> Bool { left.text < right.text }

    package static func == (left: FunctionName, right: FunctionName) -> Bool { left.text == right.text }

    package func hash(into hasher: inout Hasher) { hasher.combine(text) }

    /// What a text should have been; of namespaces only where it names one.
    private static func expected(of given: String) -> String {
        "1 to \(lengthMax) letters, digits, '-' or '_', not starting or ending with '-'"
            + (given.utf8.contains(UInt8(ascii: ".")) ? ", and behind a dot a namespace" : "")
    }

    private static func isValid(_ name: Substring.UTF8View) -> Bool {
        !name.isEmpty && name.count <= lengthMax && name.allSatisfy(isAllowed)
            && name.first != UInt8(ascii: "-") && name.last != UInt8(ascii: "-")
    }

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
