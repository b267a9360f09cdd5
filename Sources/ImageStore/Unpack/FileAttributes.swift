// SPDX-License-Identifier: Apache-2.0
// Owners, times and extended attributes of unpacked files.

import CSandbox
import Glibc

/// An owner in the archive.
struct FileOwner {
    var uid: Int
    var gid: Int

    /// The ids to set on this host; nil when owners are not kept.
    ///
    /// - Throws: ``ImageError/hostileEntry(name:reason:)`` for ids beyond the kernel's range: the largest
    ///   means "unchanged" to chown.
    func shifted(_ options: UnpackOptions, entry: String) throws(ImageError) -> (uid: uid_t, gid: gid_t)? {
        guard options.keepsOwners else { return nil }
        let shift = Int(options.idShift ?? 0)
        let range = 0..<Int(UInt32.max)
        guard range.contains(uid), range.contains(gid), range.contains(uid + shift),
            range.contains(gid + shift)
        else { throw .hostileEntry(name: entry, reason: "its owner \(uid):\(gid) is out of range") }
        return (uid_t(mapped(uid, options) + shift), gid_t(mapped(gid, options) + shift))
    }

    private func mapped(_ id: Int, _ options: UnpackOptions) -> Int {
        guard let max = options.ownerMax, id > Int(max) else { return id }
        return UnpackOptions.unmappedOwner
    }
}

enum FileAttributes {
    /// Sets the extended attributes that layers may set.
    ///
    /// - Returns: the number of attributes that the file system or the kernel refused.
    static func set(
        _ attributes: [ExtendedAttribute],
        on file: Int32,
        of name: String
    ) throws(ImageError) -> Int {
        var skipped = 0
        for attribute in attributes where isAllowed(attribute.name) {
            let result = attribute.value.withUnsafeBytes {
                csandbox_set_attribute(file, attribute.name, $0.baseAddress, $0.count)
            }
            switch -result {
            case 0: break
            case ENOTSUP, EPERM, EACCES, EINVAL, ERANGE: skipped += 1
            default: throw SystemCall.failure("fsetxattr \(attribute.name)", name, errorNumber: -result)
            }
        }
        return skipped
    }

    /// The extended attributes of an open file that layers may have.
    static func all(of file: Int32) throws(ImageError) -> [ExtendedAttribute] {
        // Most files have none: one call without a buffer tells.
        guard csandbox_list_attributes(file, nil, 0) > 0 else { return [] }
        // The kernel's XATTR_LIST_MAX and XATTR_SIZE_MAX.
        var names = [CChar](repeating: 0, count: 65_536)
        let listed = csandbox_list_attributes(file, &names, names.count)
        // A file system without attributes has none.
        guard listed > 0 else { return [] }
        var found: [ExtendedAttribute] = []
        for name in names.prefix(listed).split(separator: 0) {
            let text = String(decoding: name.map(UInt8.init(bitPattern:)), as: UTF8.self)
            guard isAllowed(text) else { continue }
            var value = [UInt8](repeating: 0, count: 65_536)
            let size = csandbox_get_attribute(file, text, &value, value.count)
            guard size >= 0 else {
                throw SystemCall.failure("fgetxattr \(text)", "folder", errorNumber: Int32(-size))
            }
            found.append(ExtendedAttribute(name: text, value: Array(value.prefix(size))))
        }
        return found
    }

    /// Overlay's own attributes would change the container's view; labels belong to the host's policy.
    static func isAllowed(_ name: String) -> Bool {
        let refused = [
            "trusted.overlay.", "user.overlay.", "security.selinux", "security.ima", "security.evm",
        ]
        guard name.utf8.count <= 255, !refused.contains(where: { name.hasPrefix($0) }) else { return false }
        return ["user.", "trusted.", "security.", "system.posix_acl_"].contains { name.hasPrefix($0) }
    }

    static func setTime(_ time: TarTime, on file: Int32, of name: String) throws(ImageError) {
        let times = pair(time)
        try SystemCall.check("futimens", name) { futimens(file, times) }
    }

    /// For links, which cannot be opened.
    static func setTime(
        _ time: TarTime,
        at directory: Int32,
        _ leaf: [CChar],
        of name: String
    ) throws(ImageError) {
        let times = pair(time)
        try SystemCall.check("utimensat", name) { utimensat(directory, leaf, times, AT_SYMLINK_NOFOLLOW) }
    }

    private static func pair(_ time: TarTime) -> [timespec] {
        let one = timespec(tv_sec: time.seconds, tv_nsec: time.nanoseconds)
        return [one, one]
    }
}
