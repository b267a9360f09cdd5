// SPDX-License-Identifier: Apache-2.0
// Removes untrusted trees of any depth. The unpacker and garbage collection use it.

import Glibc

/// Removal with one open folder and a stack of names, so that neither path length, depth nor the number of
/// open files bounds what can be removed.
enum TreeRemoval {
    private struct Level {
        var name: [CChar]
        var folders: [[CChar]]
    }

    /// Removes a name in a folder with its content; does not follow links.
    ///
    /// An absent name is no error.
    static func remove(_ name: [UInt8], in directory: Int32) throws(ImageError) {
        let text = String(decoding: name, as: UTF8.self)
        let cName = terminated(name)
        if unlinkat(directory, cName, 0) == 0 || errno == ENOENT { return }
        guard errno == EISDIR || errno == EPERM else { throw SystemCall.failure("unlink", text) }
        if unlinkat(directory, cName, AT_REMOVEDIR) == 0 { return }
        guard errno == ENOTEMPTY || errno == EEXIST else { throw SystemCall.failure("rmdir", text) }
        try removeFolder(cName, in: directory, text: text)
    }

    private static func removeFolder(_ name: [CChar], in directory: Int32, text: String) throws(ImageError) {
        var current = try OpenFile(owning: enter(name, in: directory, text: text))
        var levels = [Level(name: name, folders: try clear(current.descriptor, text: text))]
        while var level = levels.popLast() {
            if let folder = level.folders.popLast() {
                levels.append(level)
                current = try OpenFile(owning: enter(folder, in: current.descriptor, text: text))
                levels.append(Level(name: folder, folders: try clear(current.descriptor, text: text)))
                continue
            }
            // The last level's parent is the caller's folder, which may have been entered by another name.
            let parent =
                levels.isEmpty
                ? directory : try enter(terminated(Array("..".utf8)), in: current.descriptor, text: text)
            if !levels.isEmpty { current = OpenFile(owning: parent) }
            try SystemCall.check("rmdir", text) { unlinkat(parent, level.name, AT_REMOVEDIR) }
        }
    }

    /// Unlinks all files in an open folder, and returns its subfolders.
    private static func clear(_ descriptor: Int32, text: String) throws(ImageError) -> [[CChar]] {
        // An ordinary user may own a folder that it cannot list; root can list all.
        fchmod(descriptor, 0o700)
        let listing = try SystemCall.check("open", text) {
            openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        var folders: [[CChar]] = []
        for name in try Directories.names(consuming: listing, path: text).map(terminated) {
            if unlinkat(descriptor, name, 0) == 0 || errno == ENOENT { continue }
            guard errno == EISDIR || errno == EPERM else { throw SystemCall.failure("unlink", text) }
            folders.append(name)
        }
        return folders
    }

    private static func enter(_ name: [CChar], in directory: Int32, text: String) throws(ImageError) -> Int32
    {
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        let descriptor = openat(directory, name, flags)
        if descriptor >= 0 { return descriptor }
        guard errno == EACCES else { throw SystemCall.failure("open", text) }
        fchmodat(directory, name, 0o700, 0)
        return try SystemCall.check("open", text) { openat(directory, name, flags) }
    }

    private static func terminated(_ name: [UInt8]) -> [CChar] { name.map(CChar.init(bitPattern:)) + [0] }
}
