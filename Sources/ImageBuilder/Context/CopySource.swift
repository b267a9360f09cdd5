// SPDX-License-Identifier: Apache-2.0
// The files of a COPY or ADD, found and listed but not yet placed. SourceCollector makes it, CopyPlan places it.

import ImageStore

/// One file of a source.
struct SourceItem: Sendable {
    /// Relative to the source's destination; empty for the source itself.
    var path: String
    var node: TreeNode
    var attributes: [ExtendedAttribute] = []
    var content = LayerContent.none
}

/// One source: a file, or a folder whose contents are copied.
struct CopySource: Sendable {
    /// Its name when the destination is a folder.
    var name: String
    /// A folder comes before its content.
    var items: [SourceItem]
    /// Whether the items are copied into the destination itself: a folder's contents.
    var isContents: Bool
    /// Whether the source's owners are kept unless `--chown` sets others; those of the context become 0:0.
    var keepsOwners = false
    /// Whether the items are an archive's: they replace files of another kind, and may lack folders above them.
    var isArchive = false
    /// Whether the build made the content, a here-document: it has the build's date and no other.
    var isMade = false
}
