// SPDX-License-Identifier: Apache-2.0
// Sizes in bytes, read and written as Kubernetes quantities: `128Mi`, `1G`, `1048576`.

/// A number of bytes.
package struct ByteCount: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let bytes: Int

    package init(bytes: Int) { self.bytes = bytes }

    /// `count` times 1024 squared bytes.
    package static func mebibytes(_ count: Int) -> ByteCount { ByteCount(bytes: count << 20) }

    /// Powers of 1024 first, so that a size is written in the largest unit that divides it.
    private static let units: [(suffix: String, factor: Int)] = [
        ("Ti", 1 << 40), ("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10),
        ("T", 1_000_000_000_000), ("G", 1_000_000_000), ("M", 1_000_000), ("k", 1000), ("K", 1000),
    ]

    /// Parses a quantity such as `64Mi`, `64MiB`, `64M`, `64mb` or plain bytes.
    ///
    /// - Throws: ``ModelError`` when it is no whole number of at least zero with a known unit, or too large.
    package init(_ text: String, field: String) throws(ModelError) {
        let failure = ModelError(field: field, value: text, expected: "a size such as 128Mi, 1Gi or 1048576")
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        var unit = text.dropFirst(digits.count)
        if unit.last == "B" || unit.last == "b" { unit = unit.dropLast() }
        guard let number = Int(digits) else { throw failure }
        let normal = unit == "m" ? "M" : unit == "g" ? "G" : String(unit)
        let factor = normal.isEmpty ? 1 : Self.units.first { $0.suffix == normal }?.factor
        guard let factor else { throw failure }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        guard !overflow else { throw failure }
        bytes = product
    }

    package var description: String {
        for unit in Self.units
        where unit.factor & 1023 == 0 && bytes >= unit.factor && bytes % unit.factor == 0 {
            return "\(bytes / unit.factor)\(unit.suffix)"
        }
        return String(bytes)
    }

    package static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }
}

extension ByteCount: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        // A bare number is parsed as text, so that both forms refuse the same values.
        let text = try (try? container.decode(Int.self)).map(String.init) ?? container.decode(String.self)
        self = try ByteCount(text, field: decoder.codingPath.map(\.stringValue).joined(separator: "."))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
