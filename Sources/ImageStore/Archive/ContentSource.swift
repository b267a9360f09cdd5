// SPDX-License-Identifier: Apache-2.0
// The content of an archive, by path, for the readers of image formats.

import FunctionModel
import OCI

/// The files of an archive.
///
/// All calls block.
protocol ContentSource {
    /// Its name in errors.
    var name: String { get }
    /// Whether it looks like the files of a system instead of those of images.
    var holdsRoot: Bool { get }
    /// The content of a small file; nil when it is absent.
    func bytes(_ path: String, limit: Int) throws(ImageError) -> [UInt8]?
    /// Imports a file into the blob store; nil when it is absent.
    func store(_ path: String, expected: Digest?) throws(ImageError) -> StoredContent?
}

/// A file that was imported into the blob store.
struct StoredContent: Hashable {
    var digest: Digest
    var size: Int
}

/// Paths within an archive: relative, without `.` and `..`.
enum ArchivePath {
    /// - Throws: ``ImageError/hostileEntry(name:reason:)`` when `..` leads out of the archive.
    static func normalised(_ path: String, relativeTo folder: String = "") throws(ImageError) -> String {
        var parts = path.hasPrefix("/") ? [] : folder.split(separator: "/")
        for part in path.split(separator: "/") where part != "." {
            if part != ".." {
                parts.append(part)
            } else if parts.popLast() == nil {
                throw .hostileEntry(name: path, reason: "it refers to a file outside of the archive")
            }
        }
        return parts.joined(separator: "/")
    }

    /// The parent folder of a path.
    static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }
}

/// Recognizes a root file system of any distribution by its top folders.
enum RootShape {
    /// Folders of every system; two of them are enough.
    private static let folders: Set<Substring> = ["bin", "etc", "lib", "sbin", "usr", "var", "proc", "dev"]

    /// Whether these paths begin with such folders.
    static func matches(_ paths: some Sequence<String>) -> Bool {
        var found: Set<Substring> = []
        for path in paths {
            let first = path.prefix { $0 != "/" }
            if folders.contains(first), found.insert(first).inserted, found.count == 2 { return true }
        }
        return false
    }
}
