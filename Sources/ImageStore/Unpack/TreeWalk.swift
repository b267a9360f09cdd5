// SPDX-License-Identifier: Apache-2.0
// Visits the folders of a tree of any depth with a bounded number of open files.

import Glibc

enum TreeWalk {
    private struct Level {
        var folders: [[CChar]]
    }

    /// Calls for every folder after its subfolders, for the root last; does not follow links.
    static func folders(
        _ root: Int32,
        _ visit: (_ folder: Int32, _ status: stat) throws(ImageError) -> Void
    ) throws(ImageError) {
        var current = OpenFile(owning: try open(".", in: root))
        var levels = [try folders(in: current.descriptor)]
        while var level = levels.popLast() {
            if let next = level.popLast() {
                levels.append(level)
                current = OpenFile(owning: try open(next, in: current.descriptor))
                levels.append(try folders(in: current.descriptor))
                continue
            }
            // The parent is opened first: the visit may remove the permission to search the folder.
            let parent = levels.isEmpty ? nil : Optional(try open("..", in: current.descriptor))
            let status = try current.status("folder")
            do throws(ImageError) {
                try visit(current.descriptor, status)
            } catch {
                if let parent { close(parent) }
                throw error
            }
            if let parent { current = OpenFile(owning: parent) }
        }
    }

    private static func folders(in descriptor: Int32) throws(ImageError) -> [[CChar]] {
        let listing = try open(".", in: descriptor)
        return try Directories.folders(consuming: listing, path: "folder")
    }

    private static func open(_ name: String, in directory: Int32) throws(ImageError) -> Int32 {
        try open(EntryPath.terminated(Array(name.utf8)), in: directory)
    }

    private static func open(_ name: [CChar], in directory: Int32) throws(ImageError) -> Int32 {
        try SystemCall.check("open", "folder of the image") {
            openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        }
    }
}
