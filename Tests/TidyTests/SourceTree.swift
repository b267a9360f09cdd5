// SPDX-License-Identifier: Apache-2.0
// Reads the project's own tree, found from this file's place in it. The tree tests of every rule use it.

import Foundation

enum SourceTree {
    /// Everything in the tree that is text, once read.
    static let files: [SourceFile] = read()

    static let swift = files.filter { $0.isSwift }
    static let c = files.filter { $0.isC }
    static let sources = files.filter { $0.room != nil }

    /// Files above this size are data, not sources.
    private static let fileBytesMax = 1 << 20
    private static let skippedFolders: Set<String> = [
        ".build", ".git", ".swiftpm", "results", "build", "out",
    ]

    private static var root: URL {
        URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    }

    private static func read() -> [SourceFile] {
        let base = root.path + "/"
        let walker = FileManager.default.enumerator(
            at: root,
            includingPropertiesForKeys: [.isRegularFileKey, .fileSizeKey]
        )
        var found: [SourceFile] = []
        while let url = walker?.nextObject() as? URL {
            if skippedFolders.contains(url.lastPathComponent), url.hasDirectoryPath {
                walker?.skipDescendants()
                continue
            }
            if let file = read(url, below: base) { found.append(file) }
        }
        return found.sorted { $0.path < $1.path }
    }

    private static func read(_ url: URL, below base: String) -> SourceFile? {
        // A file that went away or cannot be read while the tree is walked is not a source.
        guard let values = try? url.resourceValues(forKeys: [.isRegularFileKey, .fileSizeKey]),
            values.isRegularFile == true, let size = values.fileSize, size <= fileBytesMax,
            let data = try? Data(contentsOf: url), !data.contains(0),
            let text = String(data: data, encoding: .utf8), url.path.hasPrefix(base)
        else { return nil }
        return SourceFile(String(url.path.dropFirst(base.count)), text)
    }
}
