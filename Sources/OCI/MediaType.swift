// SPDX-License-Identifier: Apache-2.0
// The media types of image content: OCI's own and Docker's twins (image-spec, media-types.md).

/// Names of content types, and what this room makes of them.
package enum MediaType {
    package static let index = "application/vnd.oci.image.index.v1+json"
    package static let manifest = "application/vnd.oci.image.manifest.v1+json"
    package static let configuration = "application/vnd.oci.image.config.v1+json"
    package static let layer = "application/vnd.oci.image.layer.v1.tar"
    package static let layerGzip = "application/vnd.oci.image.layer.v1.tar+gzip"
    package static let layerZstd = "application/vnd.oci.image.layer.v1.tar+zstd"
    package static let dockerManifestList = "application/vnd.docker.distribution.manifest.list.v2+json"
    package static let dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
    package static let dockerConfiguration = "application/vnd.docker.container.image.v1+json"
    package static let dockerLayerGzip = "application/vnd.docker.image.rootfs.diff.tar.gzip"

    /// Every manifest and index type, in the order in which a client accepts them.
    package static let accepted = [manifest, index, dockerManifest, dockerManifestList]

    /// Says whether the type is one of an index.
    package static func isIndex(_ type: String) -> Bool { type == index || type == dockerManifestList }

    /// Says whether the type is one of an image manifest.
    package static func isManifest(_ type: String) -> Bool { type == manifest || type == dockerManifest }

    /// Says whether the type is one of an image configuration.
    package static func isConfiguration(_ type: String) -> Bool {
        type == configuration || type == dockerConfiguration
    }

    /// Says whether the type is one of a layer.
    ///
    /// How it is compressed is sniffed from its content.
    package static func isLayer(_ type: String) -> Bool {
        layers.contains(type)
    }

    private static let layers: Set<String> = [
        layer, layerGzip, layerZstd, dockerLayerGzip,
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
        "application/vnd.docker.image.rootfs.diff.tar",
        "application/vnd.docker.image.rootfs.diff.tar.zstd",
        "application/vnd.docker.image.rootfs.foreign.diff.tar",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    ]
}
