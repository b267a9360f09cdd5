// SPDX-License-Identifier: Apache-2.0
// `RUN --mount=type=cache`: a folder that outlives the build. BuildRun holds one per mount.

import FunctionModel
import OCI
import ImageStore
import Glibc

/// An opened cache; other steps wait, share it or get one of their own, by the mount's sharing mode.
final class CacheFolder: Sendable {
    let path: String
    private let lock: OpenFile

    /// Longest wait for a cache in use: the time limit of the step that uses it.
    private static let waitLimit = RunPlan.timeLimit
    private static let pollInterval = Duration.milliseconds(100)

    private init(path: String, lock: consuming OpenFile) {
        self.path = path
        self.lock = lock
    }

    /// Opens the cache of a mount, by its id or else its target; waits while another step has it locked.
    ///
    /// - Parameters:
    ///   - mount: its sharing mode.
    ///   - directory: `DATA/build`.
    ///   - folder: the place of a private cache when the shared one is in use.
    ///   - trees: changes its owner.
    /// - Returns: the cache; in use until it is released.
    /// - Throws: ``StepFailure``.
    static func open(
        _ mount: RunMount,
        in directory: String,
        folder: StepFolder,
        trees: TreeAccess
    ) async throws(StepFailure) -> CacheFolder {
        let key = Digest(of: (mount.id ?? TreePath.clean(mount.target ?? "")).utf8).hex
        let path = directory + "/mounts/" + key
        let clock = ContinuousClock()
        let deadline = clock.now + waitLimit
        while true {
            if let cache = try await attempt(path, mount, trees) { return cache }
            if mount.sharing == .private {
                let own = folder.path + "/cache-" + key
                if let cache = try await attempt(own, mount, trees) { return cache }
            }
            guard clock.now < deadline else {
                throw .limit(what: "seconds of waiting for a cache", limit: Int(waitLimit.components.seconds))
            }
            do { try await Task.sleep(for: pollInterval) } catch { throw .cancelled }
        }
    }

    /// Nil when another step uses it.
    private static func attempt(
        _ path: String,
        _ mount: RunMount,
        _ trees: TreeAccess
    ) async throws(StepFailure) -> CacheFolder? {
        do throws(ImageError) {
            return try await BlockingWork.run { () throws(ImageError) in
                let isNew = access(path, F_OK) != 0
                try Directories.make(path)
                if isNew {
                    chmod(path, mode_t(mount.mode ?? 0o755))
                    if trees.keepsOwners {
                        try trees.session(on: path, isWritable: true)
                            .perform(.own(".", uid: uid_t(mount.uid ?? 0), gid: gid_t(mount.gid ?? 0)))
                    }
                }
                let file = try OpenFile(path: path + ".lock", flags: O_RDONLY | O_CREAT, mode: 0o600)
                let kind = mount.sharing == .shared ? LOCK_SH : LOCK_EX
                if flock(file.descriptor, kind | LOCK_NB) == 0 { return CacheFolder(path: path, lock: file) }
                guard errno == EWOULDBLOCK else { throw SystemCall.failure("flock", path) }
                return nil
            }
        } catch {
            throw .image(error)
        }
    }
}
