// SPDX-License-Identifier: Apache-2.0
// The files of a build's folder that are uploaded: all except those that .dockerignore excludes. The command line
// uses it.

import ImageStore

/// The files of a context that a build can ask for.
///
/// The builder applies .dockerignore itself; the filter only saves the transfer.
package struct UploadFilter: Sendable {
    private let ignore: IgnoreRules
    /// Files that the builder itself reads, whether COPY may use them or not.
    private let kept: [String]

    /// Reads the rules that the builder applies later.
    ///
    /// Blocks. Where they cannot be read or parsed all files are uploaded, and the builder reports the mistake.
    ///
    /// - Parameters:
    ///   - directory: the context, absolute.
    ///   - dockerfile: as ``BuildRequest/dockerfilePath``.
    package init(context directory: String, dockerfile: String?) {
        let name = dockerfile ?? "Dockerfile"
        kept = [name, name + ".dockerignore", ".dockerignore"].map(TreePath.clean)
        ignore = (try? BuildContext.ignoreRules(name, in: FileTree(path: directory))) ?? IgnoreRules()
    }

    /// Whether a file is uploaded; an excluded folder excludes all files below it.
    ///
    /// - Parameters:
    ///   - path: relative to the context.
    ///   - isFolder: a folder is included when a file below it may be.
    /// - Returns: false for files that no build can ask for.
    package func includes(_ path: String, isFolder: Bool) -> Bool {
        if !ignore.excludes(path) || kept.contains(path) { return true }
        guard isFolder else { return false }
        return ignore.mayInclude(below: path) || kept.contains { $0.hasPrefix(path + "/") }
    }
}
