// SPDX-License-Identifier: Apache-2.0
// Applies layers to a folder. Needs descriptors only, so that a worker without privileges can run it.

package import FunctionModel
import OCI
import Glibc
import Sandbox

/// The options of unpacking.
package struct UnpackOptions: Hashable, Codable, Sendable {
    /// Added to every owner, for trees of a user namespace; nil keeps owners.
    package var idShift: UInt32?
    /// False makes the running user the owner of all files; an ordinary user can set no other.
    package var keepsOwners = true
    /// The largest owner; larger ones become `nobody`, as containers see them anyway; nil keeps them.
    package var ownerMax: UInt32?
    /// False treats `.wh.` names as ordinary names, for archives that are no layers.
    package var appliesWhiteouts = true
    /// Whether mount points and files that every container needs are added.
    package var addsMountPoints = true
    package var limits = UnpackLimits()

    /// The last id that a worker's user namespace maps, as every slot's does.
    package static let mappedOwnerMax = ContainerUser.idMax
    /// The kernel's number for owners that a user namespace does not map.
    static let unmappedOwner = 65_534

    package init() {}
}

/// The findings of an unpacking.
package struct UnpackReport: Hashable, Codable, Sendable {
    /// The digest of each layer as a plain tar.
    package var diffIDs: [Digest] = []
    package var entries = 0
    /// Bytes of files, holes included.
    package var bytes = 0
    /// Device nodes and sockets that were left out.
    package var skippedSpecialFiles = 0
    /// Extended attributes that the file system or the kernel refused.
    package var skippedAttributes = 0

    package init() {}
}

/// Makes a tree of layers.
package enum LayerUnpacker {
    /// Applies layers, lowest first, to an empty or partly filled folder.
    ///
    /// Blocks.
    ///
    /// No layer can create, change or read files outside of the folder. After an error the
    /// folder has a part of the tree: the caller removes it.
    ///
    /// - Parameters:
    ///   - layers: open files, each at its first byte.
    ///   - root: the open folder, without another writer.
    ///   - options: of the unpacking.
    /// - Returns: the findings; the caller compares the digests.
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
