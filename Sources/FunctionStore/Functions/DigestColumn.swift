// SPDX-License-Identifier: Apache-2.0
// Between a digest and its column, which holds it as text.

import FunctionModel

enum DigestColumn {
    /// Reads a column.
    ///
    /// - Throws: ``StoreError/malformedRow(table:reason:)`` when something else wrote the row.
    static func read(_ text: String, of table: String) throws(StoreError) -> Digest {
        guard let digest = Digest(text: text) else {
            throw .malformedRow(table: table, reason: "'\(text.prefix(160))' is not a digest")
        }
        return digest
    }
}
