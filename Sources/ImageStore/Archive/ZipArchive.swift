// SPDX-License-Identifier: Apache-2.0
// Reads ZIP archives with libarchive: packages of Lambda functions. Gateway packs their files into a build context.

import CArchive
import Glibc

/// One ZIP archive in memory.
package enum ZipArchive {
    /// Bounds of a package: AWS Lambda's own for what is unzipped, and as many files as fit.
    package static var limits: UnpackLimits {
        var limits = UnpackLimits()
        limits.entriesPerLayer = 100_000
        limits.bytesPerLayer = 262_144_000
        limits.bytesPerImage = 262_144_000
        return limits
    }

    /// Writes the archive's files as a tar, readable for all users.
    ///
    /// Names are copied as they are: what unpacks the tar refuses those that lead out of its folder. Blocks.
    ///
    /// - Parameters:
    ///   - bytes: the archive.
    ///   - prefix: in front of each name, ending with `/`.
    ///   - writer: of the tar; the caller finishes it.
    /// - Throws: ``ImageError/malformedArchive(file:reason:)`` when it is no ZIP, is damaged or encrypted, or has no
    ///   file; ``ImageError/limitExceeded(what:limit:)``.
    package static func repack(_ bytes: [UInt8], under prefix: String, into writer: TarWriter)
        throws(ImageError)
    {
        guard hasEnd(bytes) else { throw .malformedArchive(file: name, reason: "it is no whole ZIP archive") }
        guard let archive = archive_read_new() else {
            throw SystemCall.failure("archive_read_new", name, errorNumber: ENOMEM)
        }
        defer { archive_read_free(archive) }
        archive_read_support_format_zip(archive)
        var failure: ImageError?
        // SAFETY: libarchive reads the bytes until it is freed or the closure ends, and nothing reads it afterwards.
        bytes.withUnsafeBytes { memory in
            do throws(ImageError) {
                guard archive_read_open_memory(archive, memory.baseAddress, memory.count) == ARCHIVE_OK else {
                    throw damage(archive)
                }
                try copy(archive, prefix, writer)
            } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private static let name = "the ZIP archive"

    /// Whether the archive has its end (PKWARE's APPNOTE, section 4.3.16): libarchive reads the beginning of one, too.
    private static func hasEnd(_ bytes: [UInt8]) -> Bool {
        let signature: [UInt8] = [0x50, 0x4b, 5, 6]
        // A record of 22 bytes, and a comment of at most 64 KiB behind it.
        let tail = Array(bytes.suffix(22 + 65_535))
        guard tail.count >= 22 else { return false }
        return (0...tail.count - 22).contains { Array(tail[$0..<$0 + 4]) == signature }
    }

    private static func copy(_ archive: OpaquePointer, _ prefix: String, _ writer: TarWriter)
        throws(ImageError)
    {
        var entries = 0
        var size = 0
        while true {
            var header: OpaquePointer?
            let result = try ArchiveLocale.run { archive_read_next_header(archive, &header) }
            if result == ARCHIVE_EOF { break }
            guard result == ARCHIVE_OK || result == ARCHIVE_WARN, let header else { throw damage(archive) }
            entries += 1
            try UnpackLimits.check(entries, limits.entriesPerLayer, "number of entries of \(name)")
            var entry = try TarHeader.read(header, archive: name, limits: limits)
            // Alone first: the sum of declared sizes must not overflow.
            try UnpackLimits.check(entry.size, limits.bytesPerLayer, "size of a file of \(name)")
            size += entry.size
            try UnpackLimits.check(size, limits.bytesPerLayer, "size of the files of \(name)")
            entry.name = Array(prefix.utf8) + entry.name
            entry.attributes = []
            (entry.uid, entry.gid) = (0, 0)
            // Packages of many tools have no modes, or those of one user.
            entry.mode = entry.kind == .directory ? 0o755 : entry.mode & 0o111 == 0 ? 0o644 : 0o755
            try writer.begin(entry)
            if entry.kind == .file { try copyContent(archive, entry, writer) }
        }
        guard entries > 0 else { throw .malformedArchive(file: name, reason: "it has no files") }
    }

    private static func copyContent(_ archive: OpaquePointer, _ entry: TarEntry, _ writer: TarWriter)
        throws(ImageError)
    {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        var rest = entry.size
        while true {
            let count = archive_read_data(archive, &buffer, buffer.count)
            if count == 0 { break }
            // A wrong checksum is a warning to libarchive.
            guard count > 0, count <= rest else { throw damage(archive) }
            rest -= count
            try writer.write(Array(buffer[..<count]))
        }
        guard rest == 0 else {
            throw .malformedArchive(file: name, reason: "'\(entry.displayName)' ends early")
        }
    }

    private static func damage(_ archive: OpaquePointer) -> ImageError {
        let text = archive_error_string(archive).map { String(cString: $0) } ?? "it is no ZIP archive"
        return .malformedArchive(file: name, reason: text)
    }
}
