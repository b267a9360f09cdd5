// SPDX-License-Identifier: Apache-2.0
// What the other rooms see of an image.

package import OCI
package import FoundationEssentials
package import FunctionModel

/// An image of this host's platform, whole in the store.
package struct Image: Hashable, Sendable {
    /// The manifest's.
    package let digest: Digest
    /// The image id: the configuration's digest.
    package let configurationDigest: Digest
    package let configuration: ImageConfiguration
    /// Bottom first.
    package let layers: [Descriptor]
    /// Configuration and compressed layers together.
    package let sizeBytes: Int

    package var platform: Platform { configuration.platform }

    /// The defaults of its containers; empty when the image has none.
    package var execution: ImageConfiguration.Execution { configuration.config ?? .init() }

    /// Names the unpacked tree: equal layers in equal order share one (image-spec, config.md, "ChainID").
    package var chainID: Digest { Self.chainID(of: configuration.rootfs.diffIDs) }

    /// The chain ids of one layer, of two, and so on, without the whole image's.
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
    /// Normalised; nil when the archive names none.
    package var reference: String?
    package var digest: Digest

    package init(reference: String?, digest: Digest) {
        self.reference = reference
        self.digest = digest
    }
}

/// One line of `image list`.
package struct ImageSummary: Hashable, Sendable {
    /// Normalised; nil when the image has no name, or has none any more.
    package var reference: String?
    /// The short form of the reference; ``unnamed`` without one.
    package var familiarName: String
    /// The manifest's, or index's.
    package var digest: Digest
    /// Configuration and compressed layers together.
    package var sizeBytes: Int
    /// When it got its name, or arrived.
    package var createdAt: Date
    package var imageID: Digest
    package var platform: Platform
    /// Bytes of blobs that another image in the store has too.
    package var sharedBytes: Int
    /// Bytes of blobs that go when this image goes.
    package var ownBytes: Int
    /// Whether its tree is unpacked.
    package var isUnpacked: Bool

    /// Shown where an image has no name.
    package static let unnamed = "<none>"
}

/// One finding of `image verify`.
package struct VerifyFinding: Hashable, Sendable {
    /// The digest or path that is wrong.
    package var subject: String
    package var problem: String
    /// Whether nothing is wrong with it any more.
    package var isRepaired = false
}

/// What a `prune` gave back.
package struct PruneReport: Hashable, Sendable {
    package var removedBlobs = 0
    package var removedTrees = 0
    /// Of blobs; trees are not counted.
    package var freedBytes = 0

    package init() {}
}
