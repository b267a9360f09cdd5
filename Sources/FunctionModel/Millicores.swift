// SPDX-License-Identifier: Apache-2.0
// Processor shares as Kubernetes writes them: `500m` is half a core, `2` is two.

/// Processor time per wall time, in thousandths of a core.
package struct Millicores: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let count: Int

    package init(count: Int) { self.count = count }

    /// Parses `250m`, `1`, `1.5`.
    ///
    /// - Throws: ``ModelError`` when it is not a positive number of cores.
    package init(_ text: String, field: String) throws(ModelError) {
        let milli =
            text.hasSuffix("m") ? Int(text.dropLast()) : Double(text).map { Int(($0 * 1000).rounded()) }
        guard let milli, milli > 0, milli <= 1_000_000 else {
            throw ModelError(field: field, value: text, expected: "cores such as 500m, 1 or 1.5")
        }
        count = milli
    }

    package var description: String { "\(count)m" }

    package static func < (left: Millicores, right: Millicores) -> Bool { left.count < right.count }
}

extension Millicores: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try (try? container.decode(String.self)) ?? String(container.decode(Double.self))
        self = try Millicores(text, field: decoder.codingPath.map(\.stringValue).joined(separator: "."))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
