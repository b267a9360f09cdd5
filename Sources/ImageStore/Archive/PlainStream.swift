// SPDX-License-Identifier: Apache-2.0
// The plain bytes of a file that may be compressed: detected, decompressed, hashed, counted, bounded.

import OCI
import CArchive
import FunctionModel
import Glibc

/// Decompresses one open file with libarchive's filters.
///
/// Not safe between threads; blocks on the file.
///
/// Only filters that run inside this process are enabled: libarchive would start programs for others.
final class PlainStream {
    private let archive: OpaquePointer
    private let limits: UnpackLimits
    private let name: String
    private var hash = SHA256()
    private var isAtEnd = false
    /// The error of a callback, which cannot throw.
    var failure: ImageError?
    /// Plain bytes so far.
    private(set) var count = 0

    /// Compressed bytes are read in pieces of this size: a few system calls per megabyte, little memory.
    private static let readBytes = 256 << 10

    /// Begins at the descriptor's position; the descriptor stays the caller's.
    init(descriptor: Int32, name: String, limits: UnpackLimits) throws(ImageError) {
        guard let archive = archive_read_new() else {
            throw SystemCall.failure("archive_read_new", name, errorNumber: ENOMEM)
        }
        self.archive = archive
        self.name = name
        self.limits = limits
        archive_read_support_filter_gzip(archive)
        archive_read_support_filter_zstd(archive)
        archive_read_support_filter_xz(archive)
        archive_read_support_filter_bzip2(archive)
        archive_read_support_format_raw(archive)
        archive_read_support_format_empty(archive)
        guard archive_read_open_fd(archive, descriptor, Self.readBytes) == ARCHIVE_OK else { throw damage() }
        var entry: OpaquePointer?
        switch archive_read_next_header(archive, &entry) {
        case ARCHIVE_OK, ARCHIVE_WARN: break
        case ARCHIVE_EOF: isAtEnd = true
        default: throw damage()
        }
    }

    deinit { archive_read_free(archive) }

    /// The next piece, valid until the next call; empty at the end.
    func next() throws(ImageError) -> UnsafeRawBufferPointer {
        while !isAtEnd {
            var bytes: UnsafeRawPointer?
            var size = 0
            var offset: Int64 = 0
            let result = archive_read_data_block(archive, &bytes, &size, &offset)
            if result == ARCHIVE_EOF {
                isAtEnd = true
                break
            }
            guard result == ARCHIVE_OK || result == ARCHIVE_WARN else { throw damage() }
            if size == 0 { continue }
            let piece = UnsafeRawBufferPointer(start: bytes, count: size)
            count += size
            try checkLimits()
            hash.update(piece)
            return piece
        }
        return UnsafeRawBufferPointer(start: nil, count: 0)
    }

    /// Reads the rest, and returns the digest of the whole file.
    func finish() throws(ImageError) -> Digest {
        while try !next().isEmpty {}
        var finished = SHA256()
        swap(&finished, &hash)
        return finished.finish()
    }

    private func checkLimits() throws(ImageError) {
        try UnpackLimits.check(count, limits.bytesPerLayer, "size of \(name), decompressed,")
        guard count > limits.ratioGraceBytes else { return }
        let compressed = max(1, Int(archive_filter_bytes(archive, -1)))
        try UnpackLimits.check(count / compressed, limits.compressionRatio, "compression ratio of \(name)")
    }

    private func damage() -> ImageError {
        let text = archive_error_string(archive).map { String(cString: $0) } ?? "cannot be decompressed"
        return .malformedArchive(file: name, reason: text)
    }
}
