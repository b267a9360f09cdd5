// SPDX-License-Identifier: Apache-2.0
// Processor shares as Kubernetes writes them: `500m` is half a core, `2` is two.

/// Processor time per wall time, in thousandths of a core.
package struct Millicores: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let count: Int

    package init(count: Int) { self.count = count }

    /// A thousand cores: more than any one machine has.
    private static let countMax = 1_000_000

    /// Parses `250m`, `1`, `1.5`.
    ///
    /// - Throws: ``ModelError`` when it is not a positive number of cores.
    package init(_ text: String, field: String) throws(ModelError) {
        let failure = ModelError(field: field, value: text, expected: "cores such as 500m, 1 or 1.5")
        // Only digits and a point: `inf`, `nan` and `1e300` are numbers too, but no processors.
        let isThousandths = text.hasSuffix("m")
        let digits = isThousandths ? String(text.dropLast()) : text
        guard digits.utf8.allSatisfy({ (48...57).contains($0) || ($0 == 46 && !isThousandths) }),
            let number = Double(digits), number <= Double(Self.countMax)
        else { throw failure }
        let milli = Int((isThousandths ? number : number * 1000).rounded())
        guard milli > 0, milli <= Self.countMax else { throw failure }
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
