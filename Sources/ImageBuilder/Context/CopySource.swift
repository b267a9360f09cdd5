// SPDX-License-Identifier: Apache-2.0
// What a COPY or ADD takes, found and listed but not yet placed. SourceCollector makes it, CopyPlan places it.

import ImageStore

/// One file of a source.
struct SourceItem: Sendable {
    /// Relative to where the source goes; empty for the source itself.
    var path: String
    var node: TreeNode
    var attributes: [ExtendedAttribute] = []
    var content = LayerContent.none
}

/// One source: a file, or a folder whose contents are taken.
struct CopySource: Sendable {
    /// The name it gets when it goes into a folder.
    var name: String
    /// A folder before what is in it.
    var items: [SourceItem]
    /// Whether the items go into the destination itself: a folder's contents.
    var isContents: Bool
    /// Whether owners are the source's own unless `--chown` says others; those of the context become 0:0.
    var keepsOwners = false
    /// Whether the items are an archive's: they replace files of another kind, and may lack folders above them.
    var isArchive = false
    /// Whether the build made the content, a here-document: it has the build's date and no other.
    var isMade = false
}
