// SPDX-License-Identifier: Apache-2.0
// Copies one file of a tree to another tree, with an inode of its own. TreeClone uses it.

import CSandbox
import Glibc

/// Copies files, links and FIFOs.
///
/// The kernel shares the blocks on file systems that can (xfs, btrfs); elsewhere it copies them.
enum FileCopy {
    /// Most bytes of one call; the copy can be cancelled in between.
    private static let pieceBytes = 64 << 20

    /// Copies `name` from `source` to `target`.
    ///
    /// - Parameters:
    ///   - name: NUL-terminated; other kinds of files are skipped.
    ///   - status: of the original.
    ///   - source: its open folder.
    ///   - target: the open folder of the copy.
    ///   - keepsOwners: false makes the running user the owner.
    /// - Throws: ``ImageError``.
    static func copy(
        _ name: [CChar],
        _ status: stat,
        from source: Int32,
        to target: Int32,
        keepsOwners: Bool
    ) throws(ImageError) {
        let text = EntryPath.text(name.dropLast().map(UInt8.init(bitPattern:)))
        switch status.st_mode & S_IFMT {
        case S_IFREG:
            return try copyFile(name, status, from: source, to: target, keepsOwners: keepsOwners)
        case S_IFLNK:
            var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
            try SystemCall.check("readlink", text) { readlinkat(source, name, &buffer, Int(PATH_MAX)) }
            try SystemCall.check("symlink", text) { symlinkat(buffer, target, name) }
        case S_IFIFO:
            try SystemCall.check("mkfifo", text) { mkfifoat(target, name, 0o600) }
        default: return
        }
        if keepsOwners {
            try SystemCall.check("fchownat", text) {
                fchownat(target, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW)
            }
        }
        if status.st_mode & S_IFMT == S_IFIFO {
            // The name was just created in a private tree: it is no link.
            try SystemCall.check("fchmodat", text) { fchmodat(target, name, status.st_mode & 0o7777, 0) }
        }
        try FileAttributes.setTime(time(status), at: target, name, of: text)
    }

    private static func copyFile(
        _ name: [CChar],
        _ status: stat,
        from source: Int32,
        to target: Int32,
        keepsOwners: Bool
    ) throws(ImageError) {
        let text = EntryPath.text(name.dropLast().map(UInt8.init(bitPattern:)))
        let from = OpenFile(
            owning: try SystemCall.check("open", text) {
                openat(source, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            }
        )
        let to = OpenFile(
            owning: try SystemCall.check("open", text) {
                openat(target, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
            }
        )
        try copyContent(from.descriptor, to.descriptor, size: Int(status.st_size), text)
        let descriptor = to.descriptor
        if keepsOwners {
            try SystemCall.check("fchown", text) { fchown(descriptor, status.st_uid, status.st_gid) }
        }
        // After the owner: changing it clears setuid and capabilities.
        try SystemCall.check("fchmod", text) { fchmod(descriptor, status.st_mode & 0o7777) }
        let attributes = try FileAttributes.all(of: from.descriptor)
        if !attributes.isEmpty { _ = try FileAttributes.set(attributes, on: descriptor, of: text) }
        try FileAttributes.setTime(time(status), on: descriptor, of: text)
    }

    /// Copies data and keeps holes.
    private static func copyContent(_ from: Int32, _ to: Int32, size: Int, _ name: String) throws(ImageError)
    {
        try SystemCall.check("ftruncate", name) { ftruncate(to, size) }
        var position = 0
        while position < size {
            var end = off_t(0)
            let start = csandbox_next_data(from, off_t(position), &end)
            // The rest of the file is a hole.
            if start == -off_t(ENXIO) { return }
            guard start >= 0 else { throw SystemCall.failure("lseek", name, errorNumber: Int32(-start)) }
            let last = max(Int(start), min(Int(end), size))
            try copyRange(from, to, Int(start)..<last, name)
            position = max(last, position + 1)
        }
    }

    private static func copyRange(_ from: Int32, _ to: Int32, _ range: Range<Int>, _ name: String)
        throws(ImageError)
    {
        var position = range.lowerBound
        while position < range.upperBound {
            let count = min(pieceBytes, range.upperBound - position)
            let done = csandbox_copy_range(from, to, off_t(position), count)
            position += max(0, done)
            if done > 0 || done == -Int(EINTR) { continue }
            let number = Int32(-done)
            // Some file systems, such as stacked ones, cannot copy in the kernel.
            guard [0, EXDEV, EINVAL, ENOSYS, EOPNOTSUPP].contains(number) else {
                throw SystemCall.failure("copy_file_range", name, errorNumber: number)
            }
            return try copyByHand(from, to, position..<range.upperBound, name)
        }
    }

    private static func copyByHand(_ from: Int32, _ to: Int32, _ range: Range<Int>, _ name: String)
        throws(ImageError)
    {
        var buffer = [UInt8](repeating: 0, count: min(1 << 20, range.count))
        var position = range.lowerBound
        while position < range.upperBound {
            let wanted = min(buffer.count, range.upperBound - position)
            let got = try SystemCall.check("read", name) {
                pread(from, &buffer, wanted, off_t(position))
            }
            guard got > 0 else { return }
            var done = 0
            while done < got {
                done += try SystemCall.check("write", name) {
                    buffer.withUnsafeBytes { bytes in
                        pwrite(to, bytes.baseAddress.map { $0 + done }, got - done, off_t(position + done))
                    }
                }
            }
            position += got
        }
    }

    private static func time(_ status: stat) -> TarTime {
        TarTime(seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
    }
}
