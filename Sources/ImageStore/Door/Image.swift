// SPDX-License-Identifier: Apache-2.0
// The values that describe an image to other rooms.

package import OCI
package import FoundationEssentials
package import FunctionModel

/// An image of this host's platform, complete in the store.
package struct Image: Hashable, Sendable {
    /// The manifest's.
    package let digest: Digest
    /// The image id: the configuration's digest.
    package let configurationDigest: Digest
    package let configuration: ImageConfiguration
    /// Lowest first.
    package let layers: [Descriptor]
    /// Configuration and compressed layers together.
    package let sizeBytes: Int

    package var platform: Platform { configuration.platform }

    /// The defaults of its containers; empty when the image has none.
    package var execution: ImageConfiguration.Execution { configuration.config ?? .init() }

    /// The unpacked tree's name: equal layers in equal order share one (image-spec, config.md, "ChainID").
    package var chainID: Digest { Self.chainID(of: configuration.rootfs.diffIDs) }

    /// The chain ids of the lowest layer, of the lowest two, and so on, without that of the whole image.
    var lowerChainIDs: [Digest] {
        let diffIDs = configuration.rootfs.diffIDs
        return diffIDs.indices.dropFirst().map { Self.chainID(of: Array(diffIDs.prefix($0))) }
    }

    static func chainID(of diffIDs: [Digest]) -> Digest {
        guard let first = diffIDs.first else { return Digest(of: []) }
        return diffIDs.dropFirst().reduce(first) { Digest(of: "\($0) \($1)".utf8) }
    }
}

/// One image that was loaded from an archive.
package struct LoadedImage: Hashable, Sendable {
    /// Normalised; nil when the archive has no name for it.
    package var reference: String?
    package var digest: Digest

    package init(reference: String?, digest: Digest) {
        self.reference = reference
        self.digest = digest
    }
}

/// One line of `image list`.
package struct ImageSummary: Hashable, Sendable {
    /// Normalised; nil when the image has no name.
    package var reference: String?
    /// The short form of the reference; ``unnamed`` without one.
    package var familiarName: String
    /// The manifest's, or index's.
    package var digest: Digest
    /// Configuration and compressed layers together.
    package var sizeBytes: Int
    /// The time when it got its name, or arrived.
    package var createdAt: Date
    package var imageID: Digest
    package var platform: Platform
    /// Bytes of blobs that it shares with other images of the store.
    package var sharedBytes: Int
    /// Bytes of blobs that are removed with this image.
    package var ownBytes: Int
    /// Whether its tree is unpacked.
    package var isUnpacked: Bool

    /// Printed for images without a name.
    package static let unnamed = "<none>"
}

/// One finding of `image verify`.
package struct VerifyFinding: Hashable, Sendable {
    /// The damaged digest or path.
    package var subject: String
    package var problem: String
    /// Whether the damage was repaired.
    package var isRepaired = false
}

/// The space that a `prune` freed.
package struct PruneReport: Hashable, Sendable {
    package var removedBlobs = 0
    package var removedTrees = 0
    /// Of blobs; trees are not counted.
    package var freedBytes = 0

    package init() {}
}
