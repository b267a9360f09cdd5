// SPDX-License-Identifier: Apache-2.0
// The folder of a build: its Dockerfile, its .dockerignore, its files. Every call blocks on the disk.

import ImageStore
import Glibc

/// An opened build context.
struct BuildContext: Sendable {
    let tree: FileTree
    let dockerfile: Dockerfile
    let ignore: IgnoreRules

    init(_ request: BuildRequest) throws(BuildError) {
        let folder = request.contextDirectory
        do throws(StepFailure) {
            tree = try FileTree(path: folder)
        } catch {
            throw .noContext(path: folder, reason: Self.reason(error))
        }
        let written = request.dockerfilePath ?? "Dockerfile"
        guard let bytes = try Self.read(written, in: tree, limit: Dockerfile.sizeLimit) else {
            let isAbsolute = written.hasPrefix("/")
            throw .noDockerfile(path: isAbsolute ? written : folder + "/" + written)
        }
        let text = try Self.text(bytes, written)
        do throws(DockerfileError) {
            dockerfile = try Dockerfile(parsing: text, file: written)
        } catch {
            throw .syntax(error)
        }
        ignore = try Self.ignoreRules(written, in: tree)
    }

    /// The rules beside the Dockerfile take precedence over those of the context.
    static func ignoreRules(_ dockerfile: String, in tree: FileTree) throws(BuildError) -> IgnoreRules {
        for name in [dockerfile + ".dockerignore", ".dockerignore"] {
            guard let bytes = try read(name, in: tree, limit: IgnoreRules.sizeLimit) else { continue }
            let text = try text(bytes, name)
            do throws(DockerfileError) {
                return try IgnoreRules(text, file: name)
            } catch {
                throw .syntax(error)
            }
        }
        return IgnoreRules()
    }

    /// Nil when it is absent.
    ///
    /// The caller chose an absolute path, which may be outside the context.
    private static func read(_ path: String, in tree: FileTree, limit: Int) throws(BuildError) -> [UInt8]? {
        if path.hasPrefix("/"), access(path, F_OK) != 0, errno == ENOENT { return nil }
        do throws(StepFailure) {
            guard path.hasPrefix("/") else { return try tree.read(path, limit: limit) }
            let folder = try FileTree(path: "/" + TreePath.parent(TreePath.clean(path)))
            return try folder.read(TreePath.name(path), limit: limit)
        } catch .destinationOccupied {
            return nil
        } catch {
            throw .unreadable(path: path, reason: reason(error))
        }
    }

    private static func text(_ bytes: [UInt8], _ path: String) throws(BuildError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .unreadable(path: path, reason: "it is not UTF-8 text")
        }
        return text
    }

    private static func reason(_ failure: StepFailure) -> String {
        if case .file(_, _, let reason) = failure { return reason }
        return failure.description
    }
}
