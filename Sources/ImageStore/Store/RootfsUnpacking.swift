// SPDX-License-Identifier: Apache-2.0
// One unpacking of one image, checked against its configuration. RootfsStore uses it.

import OCI
import Glibc

/// The layers to unpack, and their source.
struct RootfsUnpacking {
    let image: Image
    let blobs: BlobStore
    let trees: TreeAccess

    /// The folder that the layers are applied to.
    enum Base {
        /// An empty folder.
        case nothing
        /// An empty folder, into which another tree is copied first.
        case copy(of: String)
        /// The tree of the lower layers itself.
        case taken

        var hasLayers: Bool { if case .nothing = self { false } else { true } }
    }

    /// Fills a folder and checks each layer's plain digest.
    ///
    /// Blocks.
    ///
    /// - Parameters:
    ///   - folder: absolute path.
    ///   - base: the tree with the lowest layers.
    ///   - count: the number of layers of `base`.
    /// - Returns: the findings in the layers above.
    /// - Throws: ``ImageError``; the caller removes the folder.
    func run(into folder: String, upon base: Base, layers count: Int) throws(ImageError) -> UnpackReport {
        let layers = try image.layers.dropFirst(count).map { layer throws(ImageError) in
            LayerFile(try blobs.open(layer.digest, for: "image \(image.digest)"))
        }
        let report = try withExtendedLifetime(layers) { () throws(ImageError) in
            let descriptors = layers.map(\.descriptor)
            return trees.isDirect
                ? try unpack(descriptors, into: folder, upon: base)
                : try order(descriptors, into: folder, upon: base)
        }
        let expected = image.configuration.rootfs.diffIDs.dropFirst(count)
        for (actual, expected) in zip(report.diffIDs, expected) where actual != expected {
            let what = "a layer of image \(image.digest), uncompressed,"
            throw .digestMismatch(what: what, expected: expected, actual: actual)
        }
        return report
    }

    /// In this process.
    private func unpack(_ layers: [Int32], into folder: String, upon base: Base) throws(ImageError)
        -> UnpackReport
    {
        let options = trees.options
        let root = try OpenFile(path: folder, flags: O_RDONLY | O_DIRECTORY)
        let folderAttributes = DeferredFolderAttributes()
        switch base {
        case .nothing: break
        case .copy(let path):
            let source = try OpenFile(path: path, flags: O_RDONLY | O_DIRECTORY)
            try TreeClone.fill(
                root.descriptor,
                from: source.descriptor,
                options: options,
                folderAttributes: folderAttributes
            )
        case .taken: try folderAttributes.read(root.descriptor, options: options)
        }
        return try LayerUnpacker.unpack(
            layers: layers,
            into: root.descriptor,
            options: options,
            folderAttributes: folderAttributes,
            hasLowerLayers: base.hasLayers
        )
    }

    /// By workers: the worker that reads layers has access to the new tree only, the one with access to other trees
    /// reads no layer.
    private func order(_ layers: [Int32], into folder: String, upon base: Base) throws(ImageError)
        -> UnpackReport
    {
        let options = trees.options
        if case .copy(let base) = base {
            let all = "/" + TreePath.parent(TreePath.clean(folder))
            let clone = TreeOrder.clone(
                from: TreePath.name(base),
                to: TreePath.name(folder),
                options: options
            )
            try trees.session(on: all, isWritable: true).perform(clone)
        }
        let session = try trees.session(on: folder, isWritable: true)
        let reply = try session.ask(.unpack(options: options, continues: base.hasLayers), layers: layers)
        guard case .unpacked(let report) = reply.answer, report.diffIDs.count == layers.count else {
            throw .worker(reason: "an answer that is not a report")
        }
        return report
    }

    /// A reference to an open layer, for arrays.
    private final class LayerFile {
        private let file: OpenFile
        var descriptor: Int32 { file.descriptor }
        init(_ file: consuming OpenFile) { self.file = file }
    }
}
