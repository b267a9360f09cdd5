// SPDX-License-Identifier: Apache-2.0
// The limits of layers. The tar reader and the unpacker check them.

/// Limits of unpacking; exceeding one throws ``ImageError/limitExceeded(what:limit:)``.
package struct UnpackLimits: Hashable, Codable, Sendable {
    /// Entries of one layer.
    ///
    /// A complete desktop distribution has 400,000; one uses at most 4 KiB of disk.
    package var entriesPerLayer = 2_000_000
    /// Bytes of one layer as a plain tar, and of its files.
    ///
    /// The largest public images (CUDA) stay below 16 GiB.
    package var bytesPerLayer = 32 << 30
    /// Bytes of all layers of one image.
    package var bytesPerImage = 64 << 30
    /// Plain bytes per compressed byte.
    ///
    /// gzip cannot exceed 1032; zstd and xz of ordinary trees stay below 100.
    package var compressionRatio = 1100
    /// Plain bytes above which the ratio is checked: short streams of zeros have any ratio.
    package var ratioGraceBytes = 256 << 20
    /// Layers of one image; Docker's limit is 127.
    package var layers = 512
    /// Bytes of an entry's name or link target; the kernel's PATH_MAX.
    package var pathBytes = 4095
    /// Bytes of one part of a name; the kernel's NAME_MAX.
    package var nameBytes = 255
    /// Components of a name; deeper trees serve attacks only.
    package var depth = 256
    /// Bytes of one extended attribute; the kernel's XATTR_SIZE_MAX.
    package var attributeBytes = 65_536
    /// Bytes of all extended attributes of one entry; ext4 stores one block of them.
    package var attributesBytes = 262_144

    package init() {}

    /// Throws when `count` is larger than `limit`.
    static func check(_ count: Int, _ limit: Int, _ what: @autoclosure () -> String) throws(ImageError) {
        if count > limit { throw .limitExceeded(what: what(), limit: limit) }
    }
}
