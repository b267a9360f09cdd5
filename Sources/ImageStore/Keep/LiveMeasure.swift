// SPDX-License-Identifier: Apache-2.0
// Counts the disk space of a tree that a hostile program changes meanwhile. A worker runs it: only root may read some
// folders.

import CSandbox
import Glibc

enum LiveMeasure {
    /// Folders that wait to be read, and files with several names that are counted once: a bound of the memory.
    private static let rememberedMax = 1_000_000
    /// Bytes of the paths that wait to be read.
    private static let pendingBytesMax = 64 << 20
    /// Names that are looked at: a program that makes folders ahead of the walk must not keep it going.
    private static let namesMax = 4_000_000

    /// Bytes of a tree on the disk.
    ///
    /// Every folder is opened by its path from the root, without links and strictly beneath: a folder that is moved
    /// while it is read leads nowhere. What has gone is not counted, nor what this user may not read. Blocks.
    ///
    /// - Parameter root: the open folder.
    /// - Returns: the bytes of its files and folders.
    /// - Throws: ``ImageError`` when it has too many folders, or paths that are too long to open.
    static func bytes(_ root: Int32) throws(ImageError) -> Int {
        var total = 0
        var counted: Set<UInt64> = []
        var pending: [[CChar]] = [Array(".".utf8CString)]
        var (pendingBytes, nameCount) = (2, 0)
        while let path = pending.popLast() {
            pendingBytes -= path.count
            let folder = csandbox_open_beneath(root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0)
            guard folder >= 0 else {
                if [ENOENT, ENOTDIR, ELOOP, EACCES, EAGAIN].contains(-folder) { continue }
                throw SystemCall.failure("open", "a container's folder", errorNumber: -folder)
            }
            guard let stream = fdopendir(folder) else {
                close(folder)
                continue
            }
            defer { closedir(stream) }
            var own = stat()
            if fstat(folder, &own) == 0 { total += Int(own.st_blocks) * 512 }
            while let entry = readdir(stream) {
                let name = Self.name(entry)
                var status = stat()
                if name == [46, 0] || name == [46, 46, 0]
                    || fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0
                {
                    continue
                }
                nameCount += 1
                guard nameCount < namesMax else {
                    throw SystemCall.failure("open", "a container's folder", errorNumber: EMFILE)
                }
                if status.st_mode & S_IFMT == S_IFDIR {
                    pendingBytes += path.count + name.count
                    guard pending.count < rememberedMax, pendingBytes < pendingBytesMax else {
                        throw SystemCall.failure("open", "a container's folder", errorNumber: EMFILE)
                    }
                    pending.append(Array(path.dropLast()) + [47] + name)
                } else if status.st_nlink == 1 || counted.count >= rememberedMax
                    || counted.insert(UInt64(status.st_ino)).inserted
                {
                    total += Int(status.st_blocks) * 512
                }
            }
        }
        return total
    }

    /// With its NUL.
    private static func name(_ entry: UnsafeMutablePointer<dirent>) -> [CChar] {
        let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
        let name = UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self)
        return Array(UnsafeBufferPointer(start: name, count: strlen(name) + 1))
    }
}
