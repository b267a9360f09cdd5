// SPDX-License-Identifier: Apache-2.0
// Reads tar in all its dialects with libarchive. Loading of archives and unpacking of layers use it.

import OCI
import CArchive
package import FunctionModel
import Glibc

/// The entries of one tar file, compressed or not.
///
/// Blocks on the file; not safe between threads.
///
/// Reading runs in the C.UTF-8 locale: libarchive converts names of pax headers to the thread's locale, and
/// would damage them in the C locale.
package struct TarReader: ~Copyable {
    private let archive: OpaquePointer
    private let stream: PlainStream
    private let name: String
    private let limits: UnpackLimits
    private var entries = 0

    /// Begins at the descriptor's position; the caller keeps the descriptor.
    ///
    /// - Parameters:
    ///   - descriptor: an open file.
    ///   - name: its name in errors.
    ///   - limits: the bounds of its content.
    /// - Throws: ``ImageError/malformedArchive(file:reason:)`` when it is no tar.
    package init(descriptor: Int32, name: String, limits: UnpackLimits = UnpackLimits()) throws(ImageError) {
        let stream = try PlainStream(descriptor: descriptor, name: name, limits: limits)
        archive = try Self.open(stream, name: name)
        self.stream = stream
        self.name = name
        self.limits = limits
    }

    private static func open(_ stream: PlainStream, name: String) throws(ImageError) -> OpaquePointer {
        guard let archive = archive_read_new() else {
            throw SystemCall.failure("archive_read_new", name, errorNumber: ENOMEM)
        }
        archive_read_support_format_tar(archive)
        archive_read_support_format_empty(archive)
        // SAFETY: the reader owns the stream as well as the archive that calls back into it.
        let context = Unmanaged.passUnretained(stream).toOpaque()
        if archive_read_open(archive, context, nil, readCallback, nil) == ARCHIVE_OK { return archive }
        let failure = damage(archive, stream, name)
        archive_read_free(archive)
        throw failure
    }

    deinit { archive_read_free(archive) }

    /// The next header, nil at the end of the archive.
    package mutating func next() throws(ImageError) -> TarEntry? {
        var entry: OpaquePointer?
        let result = archive_read_next_header(archive, &entry)
        if let failure = stream.failure { throw failure }
        if result == ARCHIVE_EOF { return nil }
        guard result == ARCHIVE_OK || result == ARCHIVE_WARN, let entry else {
            throw Self.damage(archive, stream, name)
        }
        entries += 1
        try UnpackLimits.check(entries, limits.entriesPerLayer, "number of entries of \(name)")
        return try TarHeader.read(entry, archive: name, limits: limits)
    }

    /// Calls with each piece of the current entry's content and its offset in the file; holes are skipped.
    package func content(
        _ body: (UnsafeRawBufferPointer, _ offset: Int) throws(ImageError) -> Void
    ) throws(ImageError) {
        while true {
            var bytes: UnsafeRawPointer?
            var size = 0
            var offset: Int64 = 0
            let result = archive_read_data_block(archive, &bytes, &size, &offset)
            if let failure = stream.failure { throw failure }
            if result == ARCHIVE_EOF { return }
            guard result == ARCHIVE_OK || result == ARCHIVE_WARN else {
                throw Self.damage(archive, stream, name)
            }
            if size > 0 { try body(UnsafeRawBufferPointer(start: bytes, count: size), Int(offset)) }
        }
    }

    /// The current entry's content in memory.
    ///
    /// - Throws: ``ImageError/limitExceeded(what:limit:)`` beyond `limit` bytes.
    package func content(limit: Int, of entry: TarEntry) throws(ImageError) -> [UInt8] {
        try UnpackLimits.check(entry.size, limit, "size of '\(entry.displayName)' in \(name)")
        var bytes: [UInt8] = []
        bytes.reserveCapacity(entry.size)
        try content { piece, offset throws(ImageError) in
            try UnpackLimits.check(offset + piece.count, limit, "size of an entry of \(name)")
            bytes.append(contentsOf: repeatElement(0, count: max(0, offset - bytes.count)))
            bytes.append(contentsOf: piece)
        }
        return bytes
    }

    /// Reads to the end of the file; returns the digest and size of all plain bytes.
    package consuming func finish() throws(ImageError) -> (digest: Digest, bytes: Int) {
        let digest = try stream.finish()
        return (digest, stream.count)
    }

    private static func damage(_ archive: OpaquePointer, _ stream: PlainStream, _ name: String) -> ImageError
    {
        if let failure = stream.failure { return failure }
        let text = archive_error_string(archive).map { String(cString: $0) } ?? "is not a tar archive"
        return .malformedArchive(file: name, reason: text)
    }
}

/// libarchive asks for more bytes of the tar.
private func readCallback(
    _ archive: OpaquePointer?,
    _ context: UnsafeMutableRawPointer?,
    _ bytes: UnsafeMutablePointer<UnsafeRawPointer?>?
) -> Int {
    guard let context else { return Int(ARCHIVE_FATAL) }
    let stream = Unmanaged<PlainStream>.fromOpaque(context).takeUnretainedValue()
    do throws(ImageError) {
        let piece = try stream.next()
        bytes?.pointee = piece.baseAddress
        return piece.count
    } catch {
        stream.failure = error
        return Int(ARCHIVE_FATAL)
    }
}
