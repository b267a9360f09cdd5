// SPDX-License-Identifier: Apache-2.0
// One unpacking of one image, checked against its configuration. RootfsStore drives it.

import Glibc

/// What is unpacked, from where.
struct RootfsUnpacking {
    let image: Image
    let blobs: BlobStore
    let options: UnpackOptions

    /// Fills an empty folder and checks each layer's plain digest.
    ///
    /// Blocks.
    ///
    /// - Parameters:
    ///   - folder: absolute path.
    ///   - base: the tree of the lowest layers; nil begins with nothing.
    ///   - count: how many layers `base` has.
    /// - Returns: what was found in the layers above.
    /// - Throws: ``ImageError``; the caller removes the folder.
    func run(into folder: String, upon base: String?, layers count: Int) throws(ImageError) -> UnpackReport {
        let layers = try image.layers.dropFirst(count).map { layer throws(ImageError) in
            LayerFile(try blobs.open(layer.digest, for: "image \(image.digest)"))
        }
        let root = try OpenFile(path: folder, flags: O_RDONLY | O_DIRECTORY)
        let ledger = FolderLedger()
        if let base {
            let source = try OpenFile(path: base, flags: O_RDONLY | O_DIRECTORY)
            try TreeClone.fill(root.descriptor, from: source.descriptor, options: options, ledger: ledger)
        }
        let report = try withExtendedLifetime(layers) { () throws(ImageError) in
            try LayerUnpacker.unpack(
                layers: layers.map(\.descriptor),
                into: root.descriptor,
                options: options,
                ledger: ledger,
                hasLowerLayers: base != nil
            )
        }
        let expected = image.configuration.rootfs.diffIDs.dropFirst(count)
        for (actual, expected) in zip(report.diffIDs, expected) where actual != expected {
            let what = "a layer of image \(image.digest), uncompressed,"
            throw .digestMismatch(what: what, expected: expected, actual: actual)
        }
        return report
    }

    /// An open layer that can be kept in an array.
    private final class LayerFile {
        private let file: OpenFile
        var descriptor: Int32 { file.descriptor }
        init(_ file: consuming OpenFile) { self.file = file }
    }
}
