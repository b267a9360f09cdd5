// SPDX-License-Identifier: Apache-2.0
// Orders to a worker for image files, and its answers: values that are sent over a socket.

/// One operation in one folder.
///
/// Names are relative to the folder and do not lead out of it.
package enum TreeOrder: Hashable, Codable, Sendable {
    /// Applies one layer for each descriptor, lowest first; `continues` when lower ones are applied already.
    case unpack(options: UnpackOptions, continues: Bool)
    /// Makes `to` a copy of `from`, with inodes of its own.
    case clone(from: String, to: String, options: UnpackOptions)
    /// Removes a name with its content; an absent one is no error.
    case remove(String)
    /// Sets the owner of a file or empty folder.
    case own(String, uid: UInt32, gid: UInt32)
    /// Counts the bytes of a folder on the disk.
    case measure(String)
    /// The same of one that a program changes meanwhile.
    case measureLive(String)
    /// Lists the differences between a tree and a correct one.
    case compare(String, with: String)
    /// Looks up a user in the folder's etc/passwd and etc/group.
    case account(String)
    case node(String)
    case names(String)
    case attributes(String)
    case isOpaque(String)
    /// Opens a regular file; its descriptor comes with the answer.
    case open(String)
}

/// The result of an order.
package enum TreeAnswer: Hashable, Codable, Sendable {
    case done
    case unpacked(UnpackReport)
    case account(ContainerAccount)
    case bytes(Int)
    /// The differences in the form of ``TreeCompare``.
    case differences([String])
    /// Nil when there is no file.
    case node(TreeNode?)
    case names([String])
    case attributes([ExtendedAttribute])
    case flag(Bool)
    case file
    case failed(ImageError)
}

/// An answer, with a descriptor that the receiver closes.
package struct TreeReply: Sendable {
    var answer: TreeAnswer
    var file: Int32?
}

/// One folder and the process that works in it.
///
/// All calls block.
package protocol TreeSession: Sendable {
    /// - Parameters:
    ///   - order: the operation.
    ///   - layers: open files for ``TreeOrder/unpack(options:continues:)``; the caller keeps them.
    /// - Returns: never ``TreeAnswer/failed(_:)``.
    /// - Throws: ``ImageError``, also when the worker has ended.
    func ask(_ order: TreeOrder, layers: [Int32]) throws(ImageError) -> TreeReply
}

extension TreeSession {
    /// Performs an order without a result.
    package func perform(_ order: TreeOrder) throws(ImageError) {
        _ = try ask(order, layers: [])
    }
}
