// SPDX-License-Identifier: Apache-2.0
// A typed, sized, digested pointer to content (image-spec, descriptor.md).

package import FunctionModel

/// Points from one document to another, or to a layer.
package struct Descriptor: Hashable, Sendable, Codable {
    package var mediaType: String
    package var digest: Digest
    /// In bytes; checked before the digest is.
    package var size: Int
    package var platform: Platform?
    package var annotations: [String: String]?
    package var artifactType: String?
    /// Other places to fetch it from; credentials are never sent there.
    package var urls: [String]?

    package init(
        mediaType: String,
        digest: Digest,
        size: Int,
        platform: Platform? = nil,
        annotations: [String: String]? = nil
    ) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.platform = platform
        self.annotations = annotations
    }
}

/// Names of annotations that this room reads or writes.
package enum Annotation {
    /// The tag, or the whole reference, of a manifest in a layout's index.json.
    package static let referenceName = "org.opencontainers.image.ref.name"
    /// The whole reference, as containerd and docker write it beside the tag.
    package static let imageName = "io.containerd.image.name"
    /// Marks a build's attestation among an index's manifests.
    package static let dockerReferenceType = "vnd.docker.reference.type"
}
