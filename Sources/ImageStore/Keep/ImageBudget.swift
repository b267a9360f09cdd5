// SPDX-License-Identifier: Apache-2.0
// How much disk the image store may take, as an operator writes it. Pure.

package import FunctionModel

/// A bound of the image store: a share of the disk, or bytes.
package enum ImageBudget: Hashable, Sendable, CustomStringConvertible {
    /// Of what the file system can give the store: what it has already, and what is free.
    case percent(Int)
    case bytes(ByteCount)

    /// A fifth stays free for everything else, the database first of all.
    package static let standard = ImageBudget.percent(80)

    /// Parses `80%`, `20Gi` or plain bytes.
    ///
    /// - Throws: ``ModelError`` for anything else, and for shares beyond 1 to 100.
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
    ///   - usedBytes: what the store takes now.
    ///   - freeBytes: what the file system has left for it.
    /// - Returns: how much the store may take.
    func limitBytes(usedBytes: Int, freeBytes: Int) -> Int {
        switch self {
        case .bytes(let count): count.bytes
        case .percent(let share): (usedBytes + freeBytes) / 100 * share
        }
    }
}
