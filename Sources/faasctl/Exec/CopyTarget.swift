// SPDX-License-Identifier: Apache-2.0
// Where `faasctl cp` puts what it copies: Docker's rules for slashes at the end. Pure; CopyCommand asks.

/// One side of a copy.
enum CopyPlace: Hashable {
    case container(id: String, path: String)
    case local(String)
    /// Standard input or output.
    case stream

    /// `ID:PATH` is a container's; a path with `/` or `.` at its begin is local, and so is one without a colon.
    init(_ text: String) {
        guard text != "-" else {
            self = .stream
            return
        }
        guard let colon = text.firstIndex(of: ":"), colon != text.startIndex, !text.hasPrefix("/"),
            !text.hasPrefix(".")
        else {
            self = .local(text)
            return
        }
        let path = String(text[text.index(after: colon)...])
        // Docker takes it from the root.
        self = .container(id: String(text[..<colon]), path: path.hasPrefix("/") ? path : "/" + path)
    }
}

/// What is at a path.
enum CopyKind: Hashable {
    case none
    case file
    case folder
}

/// The destination of one copy.
enum CopyTarget {
    /// Why there is none.
    struct Refusal: Error, Hashable {
        var text: String
    }

    /// Finds the path that the source itself, or with `/.` its content, is written to.
    ///
    /// - Parameters:
    ///   - source: as it was typed.
    ///   - isFolder: whether it is a folder.
    ///   - target: as it was typed.
    ///   - there: what is at the target.
    /// - Returns: the path of the copy.
    /// - Throws: ``Refusal``.
    static func path(of source: String, isFolder: Bool, to target: String, there: CopyKind) throws(Refusal)
        -> String
    {
        guard isFolder || !source.hasSuffix("/") else { throw Refusal(text: "'\(source)' is no folder") }
        let base = trimmed(target)
        switch (isFolder, there) {
        case (false, .none):
            guard !target.hasSuffix("/") else {
                throw Refusal(text: "the folder '\(target)' does not exist")
            }
            return base
        case (false, .file):
            guard !target.hasSuffix("/") else { throw Refusal(text: "'\(target)' is no folder") }
            return base
        case (true, .none): return base
        case (true, .file): throw Refusal(text: "'\(target)' is a file, and '\(source)' a folder")
        case (_, .folder):
            if isFolder, takesContent(source) { return base }
            guard let name = name(of: source) else { return base }
            return base == "/" ? "/" + name : base + "/" + name
        }
    }

    /// Whether the content of a folder is meant.
    static func takesContent(_ source: String) -> Bool { source == "." || source.hasSuffix("/.") }

    /// The last part of a path; nil for a root, or for the content of a folder.
    static func name(of path: String) -> String? {
        guard !takesContent(path) else { return nil }
        let last = trimmed(path).split(separator: "/").last.map(String.init)
        return last == ".." ? nil : last
    }

    /// Without slashes, and `/.`, at its end.
    static func trimmed(_ path: String) -> String {
        var text = Substring(path)
        while text.count > 1, text.hasSuffix("/") || text.hasSuffix("/.") { text.removeLast() }
        return String(text)
    }
}
