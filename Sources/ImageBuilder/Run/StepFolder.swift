// SPDX-License-Identifier: Apache-2.0
// The folder of one running RUN: its changes, and files for its mounts. BuildRun owns one per step.

import ImageStore
import Glibc
import Logging

/// `DATA/build/step-…`; removed when the step ends, or at the next start.
struct StepFolder: Sendable {
    /// The prefix of such folders' names.
    static let prefix = "step-"

    let path: String
    var changes: String { path + "/changes" }
    var scratch: String { path + "/scratch" }

    /// Makes the folder with empty `changes` and `scratch`.
    static func make(in directory: String) async throws(StepFailure) -> StepFolder {
        let folder = StepFolder(
            path: directory + "/" + prefix + String(UInt64.random(in: 0 ... .max), radix: 16)
        )
        do throws(ImageError) {
            try await BlockingWork.run { () throws(ImageError) in
                try Directories.make(folder.changes)
                try Directories.make(folder.scratch)
            }
        } catch {
            throw .image(error)
        }
        return folder
    }

    /// Writes a file beside them.
    ///
    /// - Returns: its absolute path.
    func write(
        _ name: String,
        _ bytes: [UInt8],
        mode: mode_t,
        owner: CopyPlan.Owner = CopyPlan.Owner(),
        trees: TreeAccess
    ) async throws(StepFailure) -> String {
        let target = path + "/" + name
        do throws(ImageError) {
            try await BlockingWork.run { () throws(ImageError) in
                let file = try OpenFile(path: target, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
                var failure: ImageError?
                bytes.withUnsafeBytes { buffer in
                    do throws(ImageError) { try file.write(buffer, to: target) } catch { failure = error }
                }
                if let failure { throw failure }
                let descriptor = file.descriptor
                try SystemCall.check("fchmod", target) { fchmod(descriptor, mode) }
                // Otherwise all files belong to this user.
                guard trees.keepsOwners else { return }
                try trees.session(on: path, isWritable: true)
                    .perform(.own(name, uid: owner.uid, gid: owner.gid))
            }
        } catch {
            throw .image(error)
        }
        return target
    }

    /// Removes the folder.
    ///
    /// A failure is logged; the next start removes the rest.
    func remove(_ trees: TreeAccess, _ logger: Logger) async {
        do throws(ImageError) {
            try await BlockingWork.run { () throws(ImageError) in try trees.remove(path) }
        } catch {
            logger.warning("a step's folder stays", metadata: ["folder": "\(path)", "error": "\(error)"])
        }
    }

    /// Removes leftovers of a killed process.
    ///
    /// Blocks on the disk.
    static func sweep(_ directory: String, _ trees: TreeAccess, _ logger: Logger) throws(ImageError) {
        for name in try Directories.names(in: directory) where name.hasPrefix(prefix) {
            logger.info("removing a step's folder of an earlier run", metadata: ["folder": "\(name)"])
            try trees.remove(directory + "/" + name)
        }
    }
}
