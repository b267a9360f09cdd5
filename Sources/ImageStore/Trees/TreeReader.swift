// SPDX-License-Identifier: Apache-2.0
// The interface for reading files of a tree, by this process or by a worker.

/// Reads files of a tree.
package protocol TreeReader: Sendable {
    /// The file at a path that is free of links; nil when there is none.
    func node(_ path: String) throws(ImageError) -> TreeNode?
    /// Names in a folder, sorted by their bytes.
    func names(_ path: String) throws(ImageError) -> [String]
    /// Opens a regular file for reading.
    func open(_ path: String) throws(ImageError) -> OpenFile
    /// Extended attributes that belong into a layer.
    func attributes(_ path: String) throws(ImageError) -> [ExtendedAttribute]
    /// Whether an overlay's upper folder hides the folder below it.
    func isOpaque(_ path: String) throws(ImageError) -> Bool
}
