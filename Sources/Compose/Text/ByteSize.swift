// SPDX-License-Identifier: Apache-2.0
// Sizes of compose files: `50M` is 50 times 1024 squared, as Docker reads it.

import FunctionModel

extension ByteCount {
    /// Parses a size of the Compose Specification: `b`, `k`, `m`, `g`, `t` with or without `b` or `ib`, powers of 1024.
    ///
    /// - Throws: ``ModelError`` when it is no number of at least zero with such a unit, or too large.
    init(compose text: String, field: String) throws(ModelError) {
        let failure = ModelError(field: field, value: text, expected: "a size such as 50M, 1.5g or 1048576")
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        var unit = text.dropFirst(digits.count).lowercased()
        if unit.first == " " { unit.removeFirst() }
        if unit.hasSuffix("ib"), unit.count == 3 { unit = String(unit.prefix(1)) }
        if unit.hasSuffix("b"), unit.count <= 2 { unit = String(unit.dropLast()) }
        guard let number = Double(digits), let power = ["", "k", "m", "g", "t"].firstIndex(of: unit) else {
            throw failure
        }
        let bytes = (number * Double(1 << (10 * power))).rounded(.down)
        guard bytes < Double(Int.max) else { throw failure }
        self.init(bytes: Int(bytes))
    }

    /// The form that readers of fields take.
    static func compose(_ text: String, field: String) throws(ModelError) -> ByteCount {
        try ByteCount(compose: text, field: field)
    }
}
