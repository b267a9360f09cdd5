// SPDX-License-Identifier: Apache-2.0
// Applies layers to a folder. Needs nothing but descriptors, so that a worker without privileges can run it.

package import FunctionModel
import OCI
import Glibc
import Sandbox

/// How a tree is written.
package struct UnpackOptions: Hashable, Codable, Sendable {
    /// Added to every owner, for trees of a user namespace; nil keeps owners.
    package var idShift: UInt32?
    /// False makes everything belong to the running user, which is all that an ordinary user may do.
    package var keepsOwners = true
    /// Owners beyond belong to `nobody`, as every container would see them anyhow; nil keeps them.
    package var ownerMax: UInt32?
    /// False takes `.wh.` names as ordinary ones, for archives that are no layers.
    package var appliesWhiteouts = true
    /// Whether mount points and files that every container needs are made afterwards.
    package var addsMountPoints = true
    package var limits = UnpackLimits()

    /// The last id that a worker's user namespace maps, as every slot's does.
    package static let mappedOwnerMax = ContainerUser.idMax
    /// The kernel's own number for owners that a user namespace does not map.
    static let unmappedOwner = 65_534

    package init() {}
}

/// What unpacking found.
package struct UnpackReport: Hashable, Codable, Sendable {
    /// The digest of each layer as a plain tar.
    package var diffIDs: [Digest] = []
    package var entries = 0
    /// Bytes of files, holes included.
    package var bytes = 0
    /// Device nodes and sockets that were left out.
    package var skippedSpecialFiles = 0
    /// Extended attributes that this file system or user may not set.
    package var skippedAttributes = 0

    package init() {}
}

/// Turns layers into a tree.
package enum LayerUnpacker {
    /// Applies layers, bottom first, to an empty or partly filled folder.
    ///
    /// Blocks.
    ///
    /// Nothing outside of the folder is created, changed or read, whatever the layers hold. After an error the
    /// folder holds a part: the caller removes it.
    ///
    /// - Parameters:
    ///   - layers: open files, each at its beginning.
    ///   - root: the open folder; no other process may change it meanwhile.
    ///   - options: how.
    /// - Returns: what was found; the caller compares the digests.
    /// - Throws: ``ImageError``.
    package static func unpack(
        layers: [Int32],
        into root: Int32,
        options: UnpackOptions = UnpackOptions()
    ) throws(ImageError) -> UnpackReport {
        try unpack(
            layers: layers,
            into: root,
            options: options,
            folderAttributes: DeferredFolderAttributes(),
            hasLowerLayers: false
        )
    }

    static func unpack(
        layers: [Int32],
        into root: Int32,
        options: UnpackOptions,
        folderAttributes: DeferredFolderAttributes,
        hasLowerLayers: Bool
    ) throws(ImageError) -> UnpackReport {
        try UnpackLimits.check(layers.count, options.limits.layers, "number of layers")
        return try ArchiveLocale.run { () throws(ImageError) -> UnpackReport in
            var report = UnpackReport()
            let tree = TreeWriter(root: root, options: options, folderAttributes: folderAttributes)
            for (index, layer) in layers.enumerated() {
                tree.beginLayer(hasLower: hasLowerLayers || index > 0)
                report.diffIDs.append(try apply(layer, number: index + 1, to: tree, options: options))
            }
            if options.addsMountPoints { try RootfsFinisher.finish(tree) }
            tree.skippedAttributes += try folderAttributes.apply(to: root, options: options)
            report.entries = tree.entries
            report.bytes = tree.bytes
            report.skippedSpecialFiles = tree.skippedSpecialFiles
            report.skippedAttributes = tree.skippedAttributes
            return report
        }
    }

    private static func apply(
        _ layer: Int32,
        number: Int,
        to tree: TreeWriter,
        options: UnpackOptions
    ) throws(ImageError) -> Digest {
        var reader = try TarReader(descriptor: layer, name: "layer \(number)", limits: options.limits)
        while let entry = try reader.next() {
            let path = try EntryPath(entry.name, limits: options.limits)
            switch options.appliesWhiteouts ? try WhiteoutName(of: path) : .none {
            case .ignored: continue
            case .opaque: try tree.hideLowerContent(of: path.parent)
            case .hides(let name): try tree.hideLower(name, in: path.parent)
            case .none:
                try tree.add(entry, at: path) { body throws(ImageError) in try reader.content(body) }
            }
        }
        return try reader.finish().digest
    }
}
