// SPDX-License-Identifier: Apache-2.0
// Reads libarchive's entry object into a TarEntry, within bounds. TarReader uses it.

import CArchive
import Glibc

enum TarHeader {
    /// Reads the fields of an entry.
    static func read(
        _ entry: OpaquePointer,
        archive: String,
        limits: UnpackLimits
    ) throws(ImageError) -> TarEntry {
        guard let name = archive_entry_pathname(entry).map(bytes) else {
            throw .malformedArchive(file: archive, reason: "an entry has no name")
        }
        var result = TarEntry(name: name, kind: .other)
        try UnpackLimits.check(name.count, limits.pathBytes, "length of name '\(result.displayName)'")
        if let target = archive_entry_hardlink(entry).map(bytes) {
            result.kind = .hardLink
            result.linkTarget = target
        } else {
            result.kind = kind(archive_entry_filetype(entry))
            if result.kind == .symbolicLink {
                result.linkTarget = archive_entry_symlink(entry).map(bytes) ?? []
            }
        }
        try UnpackLimits.check(
            result.linkTarget.count,
            limits.pathBytes,
            "length of link '\(result.displayName)'"
        )
        result.mode = UInt32(archive_entry_perm(entry)) & 0o7777
        result.uid = Int(archive_entry_uid(entry))
        result.gid = Int(archive_entry_gid(entry))
        result.size = result.kind == .file ? Int(archive_entry_size(entry)) : 0
        guard result.size >= 0 else {
            throw .malformedArchive(file: archive, reason: "'\(result.displayName)' has a negative size")
        }
        result.modified = TarTime(
            seconds: Int(archive_entry_mtime(entry)),
            nanoseconds: min(max(0, Int(archive_entry_mtime_nsec(entry))), 999_999_999)
        )
        result.attributes = try attributes(entry, of: result.displayName, limits: limits)
        return result
    }

    private static func kind(_ type: mode_t) -> TarEntryKind {
        switch type {
        case S_IFREG: .file
        case S_IFDIR: .directory
        case S_IFLNK: .symbolicLink
        case S_IFIFO: .fifo
        case S_IFBLK, S_IFCHR: .device
        default: .other
        }
    }

    private static func attributes(
        _ entry: OpaquePointer,
        of owner: String,
        limits: UnpackLimits
    ) throws(ImageError) -> [ExtendedAttribute] {
        guard archive_entry_xattr_reset(entry) > 0 else { return [] }
        var found: [ExtendedAttribute] = []
        var total = 0
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        while archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK {
            guard let name else { continue }
            total += size
            try UnpackLimits.check(size, limits.attributeBytes, "size of an extended attribute of '\(owner)'")
            try UnpackLimits.check(total, limits.attributesBytes, "extended attributes of '\(owner)'")
            let attribute = ExtendedAttribute(
                name: String(cString: name),
                value: Array(UnsafeRawBufferPointer(start: value, count: size))
            )
            // One attribute may occur twice, in the records of two dialects.
            if !found.contains(where: { $0.name == attribute.name }) { found.append(attribute) }
        }
        return found
    }

    private static func bytes(_ text: UnsafePointer<CChar>) -> [UInt8] {
        UnsafeBufferPointer(start: text, count: strlen(text)).map(UInt8.init(bitPattern:))
    }
}
