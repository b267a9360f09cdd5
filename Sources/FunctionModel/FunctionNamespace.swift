// SPDX-License-Identifier: Apache-2.0
// Namespaces of functions: names for themselves, secrets of their own.

package import FoundationEssentials

/// A namespace, with what its owner notes about it.
package struct FunctionNamespace: Hashable, Sendable {
    /// A DNS label's length, as Kubernetes has it.
    package static let lengthMax = 63
    /// Namespaces in all; a listing stays one page.
    package static let countMax = 1024
    /// Labels, and annotations, of one namespace.
    package static let notesMax = 64
    /// Bytes of one label or annotation, its key included.
    package static let noteBytesMax = 4096

    package let name: String
    package var labels: [String: String]
    package var annotations: [String: String]
    package var createdAt: Date

    /// Checks name and notes.
    ///
    /// - Throws: ``ModelError``.
    package init(
        name: String,
        labels: [String: String] = [:],
        annotations: [String: String] = [:],
        createdAt: Date
    ) throws(ModelError) {
        try Self.check(name)
        for (field, notes) in [("labels", labels), ("annotations", annotations)] {
            guard notes.count <= Self.notesMax else {
                throw ModelError(field: field, value: "\(notes.count)", expected: "at most \(Self.notesMax)")
            }
            for (key, value) in notes where key.utf8.count + value.utf8.count > Self.noteBytesMax {
                throw ModelError(
                    field: field,
                    value: String(key.prefix(Self.lengthMax)),
                    expected: "at most \(Self.noteBytesMax) bytes with its value"
                )
            }
        }
        self.name = name
        self.labels = labels
        self.annotations = annotations
        self.createdAt = createdAt
    }

    /// Whether a text is the name of a namespace, existing or not: a DNS label (RFC 1123, section 2.1).
    package static func isValid(_ name: String) -> Bool {
        let bytes = name.utf8
        return (1...lengthMax).contains(bytes.count) && bytes.first != UInt8(ascii: "-")
            && bytes.last != UInt8(ascii: "-")
            && bytes.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "-")
            }
    }

    /// Insists on the name of a namespace.
    ///
    /// - Throws: ``ModelError``.
    package static func check(_ name: String) throws(ModelError) {
        guard isValid(name) else {
            throw ModelError(
                field: "namespace",
                value: String(name.prefix(lengthMax)),
                expected:
                    "1 to \(lengthMax) lower-case letters, digits or '-', not starting or ending with '-'"
            )
        }
    }
}
