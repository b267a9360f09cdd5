// SPDX-License-Identifier: Apache-2.0
// The operator's bound of the image store's disk space. Pure.

package import FunctionModel

/// A bound of the image store: a share of the disk, or bytes.
package enum ImageBudget: Hashable, Sendable, CustomStringConvertible {
    /// A share of the space that the store uses already and the free space together.
    case percent(Int)
    case bytes(ByteCount)

    /// A fifth stays free for other data, the database in particular.
    package static let standard = ImageBudget.percent(80)

    /// Parses `80%`, `20Gi` or plain bytes.
    ///
    /// - Throws: ``ModelError`` for other texts, and for shares outside 1 to 100.
    package init(_ text: String, field: String) throws(ModelError) {
        guard text.hasSuffix("%") else {
            self = .bytes(try ByteCount(text, field: field))
            return
        }
        guard let share = Int(text.dropLast()), (1...100).contains(share) else {
            throw ModelError(field: field, value: text, expected: "1% to 100%, or a size such as 20Gi")
        }
        self = .percent(share)
    }

    package var description: String {
        switch self {
        case .percent(let share): "\(share)%"
        case .bytes(let count): count.description
        }
    }

    /// The bound in bytes.
    ///
    /// - Parameters:
    ///   - usedBytes: the store's present size.
    ///   - freeBytes: the file system's free space.
    /// - Returns: the permitted size of the store.
    func limitBytes(usedBytes: Int, freeBytes: Int) -> Int {
        switch self {
        case .bytes(let count): count.bytes
        case .percent(let share): (usedBytes + freeBytes) / 100 * share
        }
    }
}
