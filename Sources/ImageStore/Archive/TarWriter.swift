// SPDX-License-Identifier: Apache-2.0
// Writes tar: equal bytes for equal entries. Saving of images, layers of builds and contexts use it.

import CArchive
import Glibc

/// The compression of a tar.
package enum TarCompression: Hashable, Sendable {
    case none, gzip, zstd
}

/// Writes one tar file.
///
/// Blocks while the sink does; not safe between threads.
///
/// The pax dialect, but plain ustar for entries that fit it, as image-spec (layer.md) recommends. User and group
/// names are left out and gzip has no time: the bytes do not depend on the host.
package final class TarWriter {
    private let archive: OpaquePointer
    private let name: String
    private let sink: (UnsafeRawBufferPointer) throws(ImageError) -> Void
    fileprivate var failure: ImageError?
    private var isClosed = false

    /// Begins a tar.
    ///
    /// - Parameters:
    ///   - name: its name in errors.
    ///   - compression: of the tar.
    ///   - sink: receives the compressed bytes in order.
    /// - Throws: ``ImageError`` when libarchive cannot be initialized.
    package init(
        name: String,
        compression: TarCompression = .none,
        sink: @escaping (UnsafeRawBufferPointer) throws(ImageError) -> Void
    ) throws(ImageError) {
        guard let archive = archive_write_new() else {
            throw SystemCall.failure("archive_write_new", name, errorNumber: ENOMEM)
        }
        self.archive = archive
        self.name = name
        self.sink = sink
        archive_write_set_format_pax_restricted(archive)
        // The last block is not padded: readers do not need the padding, and every byte is hashed.
        archive_write_set_bytes_in_last_block(archive, 1)
        switch compression {
        case .none: break
        case .gzip:
            archive_write_add_filter_gzip(archive)
            archive_write_set_filter_option(archive, "gzip", "timestamp", nil)
        case .zstd: archive_write_add_filter_zstd(archive)
        }
        archive_write_set_format_option(archive, "pax", "xattrheader", "SCHILY")
        // SAFETY: the writer outlives the archive, which it owns and frees.
        let context = Unmanaged.passUnretained(self).toOpaque()
        guard archive_write_open(archive, context, nil, writeCallback, nil) == ARCHIVE_OK else {
            throw damage()
        }
    }

    deinit { archive_write_free(archive) }

    /// Begins an entry; a file's content follows with ``write(_:)``, exactly as many bytes as its size.
    package func begin(_ entry: TarEntry) throws(ImageError) {
        guard let header = archive_entry_new() else {
            throw SystemCall.failure("archive_entry_new", name, errorNumber: ENOMEM)
        }
        defer { archive_entry_free(header) }
        try Self.fill(header, from: entry)
        // ARCHIVE_WARN: a name that is not UTF-8 is written unchanged.
        let result = try ArchiveLocale.run { archive_write_header(archive, header) }
        if let failure { throw failure }
        guard result == ARCHIVE_OK || result == ARCHIVE_WARN else { throw damage() }
    }

    /// Adds content to the entry.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(ImageError) {
        var done = 0
        while done < bytes.count {
            let result = archive_write_data(archive, bytes.baseAddress.map { $0 + done }, bytes.count - done)
            if let failure { throw failure }
            guard result > 0 else { throw result == 0 ? tooLong() : damage() }
            done += Int(result)
        }
    }

    /// Writes an entry with its content.
    package func add(_ entry: TarEntry, content: [UInt8] = []) throws(ImageError) {
        try begin(entry)
        try write(content)
    }

    /// Adds content to the entry.
    package func write(_ bytes: [UInt8]) throws(ImageError) {
        var failure: ImageError?
        bytes.withUnsafeBytes { piece in
            do throws(ImageError) { try write(piece) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Writes the end of the archive.
    ///
    /// Without it the tar is incomplete.
    package func finish() throws(ImageError) {
        guard !isClosed else { return }
        isClosed = true
        let result = archive_write_close(archive)
        if let failure { throw failure }
        guard result == ARCHIVE_OK else { throw damage() }
    }

    fileprivate func pass(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard failure == nil else { return false }
        do throws(ImageError) { try sink(bytes) } catch { failure = error }
        return failure == nil
    }

    private func tooLong() -> ImageError {
        .malformedArchive(file: name, reason: "an entry got more bytes than its header says")
    }

    private func damage() -> ImageError {
        if let failure { return failure }
        let text = archive_error_string(archive).map { String(cString: $0) } ?? "cannot be written"
        return .malformedArchive(file: name, reason: text)
    }

    private static func fill(_ header: OpaquePointer, from entry: TarEntry) throws(ImageError) {
        let name = entry.name.map(CChar.init(bitPattern:)) + [0]
        archive_entry_copy_pathname(header, name)
        let target = entry.linkTarget.map(CChar.init(bitPattern:)) + [0]
        func set(_ type: mode_t) { archive_entry_set_filetype(header, type) }
        switch entry.kind {
        case .file: set(S_IFREG)
        case .directory: set(S_IFDIR)
        case .fifo: set(S_IFIFO)
        case .symbolicLink:
            set(S_IFLNK)
            archive_entry_copy_symlink(header, target)
        case .hardLink:
            set(S_IFREG)
            archive_entry_copy_hardlink(header, target)
        case .device, .other:
            throw .hostileEntry(name: entry.displayName, reason: "devices and sockets are not written")
        }
        archive_entry_set_perm(header, mode_t(entry.mode & 0o7777))
        archive_entry_set_uid(header, Int64(entry.uid))
        archive_entry_set_gid(header, Int64(entry.gid))
        archive_entry_set_size(header, Int64(entry.kind == .file ? entry.size : 0))
        archive_entry_set_mtime(header, entry.modified.seconds, entry.modified.nanoseconds)
        for attribute in entry.attributes {
            attribute.value.withUnsafeBytes {
                archive_entry_xattr_add_entry(header, attribute.name, $0.baseAddress, $0.count)
            }
        }
    }
}

/// libarchive calls this with compressed bytes.
private func writeCallback(
    _ archive: OpaquePointer?,
    _ context: UnsafeMutableRawPointer?,
    _ bytes: UnsafeRawPointer?,
    _ count: Int
) -> Int {
    guard let context else { return -1 }
    let writer = Unmanaged<TarWriter>.fromOpaque(context).takeUnretainedValue()
    return writer.pass(UnsafeRawBufferPointer(start: bytes, count: count)) ? count : -1
}
