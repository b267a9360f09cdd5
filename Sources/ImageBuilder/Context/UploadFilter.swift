// SPDX-License-Identifier: Apache-2.0
// What of a build's folder has to go up: all but what .dockerignore excludes. The command line drives it.

import ImageStore

/// The files of a context that a build can ask for.
///
/// The builder applies .dockerignore itself; this only spares the way.
package struct UploadFilter: Sendable {
    private let ignore: IgnoreRules
    /// What the builder reads for itself, whether COPY may take it or not.
    private let kept: [String]

    /// Reads the rules that the builder will apply.
    ///
    /// Blocks. Where they cannot be read or parsed everything goes up, and the builder says what is wrong.
    ///
    /// - Parameters:
    ///   - directory: the context, absolute.
    ///   - dockerfile: as ``BuildRequest/dockerfilePath``.
    package init(context directory: String, dockerfile: String?) {
        let name = dockerfile ?? "Dockerfile"
        kept = [name, name + ".dockerignore", ".dockerignore"].map(TreePath.clean)
        ignore = (try? BuildContext.ignoreRules(name, in: FileTree(path: directory))) ?? IgnoreRules()
    }

    /// Says whether something goes up; a folder that does not takes along all below it.
    ///
    /// - Parameters:
    ///   - path: relative to the context.
    ///   - isFolder: whether something below it may be wanted although itself is not.
    /// - Returns: false for what no build can ask for.
    package func includes(_ path: String, isFolder: Bool) -> Bool {
        if !ignore.excludes(path) || kept.contains(path) { return true }
        guard isFolder else { return false }
        return ignore.mayInclude(below: path) || kept.contains { $0.hasPrefix(path + "/") }
    }
}
