// SPDX-License-Identifier: Apache-2.0
// Requests to a worker for image files, and its answers: values that cross a socket.

/// One piece of work in one folder.
///
/// Names are relative to the folder; none leads out of it.
package enum TreeOrder: Hashable, Codable, Sendable {
    /// Applies as many layers as there are descriptors, bottom first; `continues` when lower ones are there already.
    case unpack(options: UnpackOptions, continues: Bool)
    /// Makes `to` what `from` is, with files of its own.
    case clone(from: String, to: String, options: UnpackOptions)
    /// Removes a name with everything below it; absent is fine.
    case remove(String)
    /// Gives a file or empty folder an owner.
    case own(String, uid: UInt32, gid: UInt32)
    /// Counts the bytes that a folder takes on the disk.
    case measure(String)
    /// Says how a tree differs from another that is right.
    case compare(String, with: String)
    /// Looks a user up in the folder's etc/passwd and etc/group.
    case account(String)
    case node(String)
    case names(String)
    case attributes(String)
    case isOpaque(String)
    /// Opens a regular file; its descriptor comes with the answer.
    case open(String)
}

/// What came of an order.
package enum TreeAnswer: Hashable, Codable, Sendable {
    case done
    case unpacked(UnpackReport)
    case account(ContainerAccount)
    case bytes(Int)
    /// As ``TreeCompare`` lists them.
    case differences([String])
    /// Nil when there is no file.
    case node(TreeNode?)
    case names([String])
    case attributes([ExtendedAttribute])
    case flag(Bool)
    case file
    case failed(ImageError)
}

/// An answer, with a descriptor that the taker closes.
package struct TreeReply: Sendable {
    var answer: TreeAnswer
    var file: Int32?
}

/// One folder, and the process that may work in it.
///
/// All calls block.
package protocol TreeSession: Sendable {
    /// - Parameters:
    ///   - order: what to do.
    ///   - layers: open files for ``TreeOrder/unpack(options:continues:)``; they stay the caller's.
    /// - Returns: never ``TreeAnswer/failed(_:)``.
    /// - Throws: ``ImageError``, also when the worker is gone.
    func ask(_ order: TreeOrder, layers: [Int32]) throws(ImageError) -> TreeReply
}

extension TreeSession {
    /// An order that has no other answer than that it is done.
    package func perform(_ order: TreeOrder) throws(ImageError) {
        _ = try ask(order, layers: [])
    }
}
