// SPDX-License-Identifier: Apache-2.0
// Paths of a compose file as text: relative ones are relative to a folder of the client's machine.

/// Resolves paths without looking at the file system.
enum FilePath {
    /// The absolute form of a path.
    ///
    /// - Parameters:
    ///   - path: as written; `~` and `~/x` are in the user's home.
    ///   - folder: absolute.
    ///   - home: the user's home; nil leaves `~` alone.
    /// - Returns: the path without `.` and `..`.
    static func absolute(_ path: String, in folder: String, home: String?) -> String {
        if let home, path == "~" || path.hasPrefix("~/") { return normal(home + path.dropFirst()) }
        return normal(path.hasPrefix("/") ? path : folder + "/" + path)
    }

    /// The folder of a file.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// An absolute path without `.`, `..` and doubled slashes.
    private static func normal(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") {
            switch part {
            case ".": continue
            case "..": _ = parts.popLast()
            default: parts.append(part)
            }
        }
        return "/" + parts.joined(separator: "/")
    }
}
