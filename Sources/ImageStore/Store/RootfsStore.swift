// SPDX-License-Identifier: Apache-2.0
// Unpacked trees, in DATA/rootfs. A tree is complete or absent.

import CSandbox
import FunctionModel
import OCI
import Glibc
import Logging
import Synchronization

/// The read-only trees of containers, named by chain id: images with equal layers share one.
final class RootfsStore: Sendable {
    /// `DATA/rootfs`.
    let directory: String
    let blobs: BlobStore
    let logger: Logger
    let trees: TreeAccess
    let durability: TreeDurability
    let uses = Mutex(TreeUses())
    private let running = Mutex<[Digest: Task<Result<String, ImageError>, Never>]>([:])
    /// Bytes of each tree on the disk, which do not change.
    ///
    /// Bounded by the number of trees.
    private let sizes = Mutex<[Digest: Int]>([:])
    /// The time from returning a path to recording the revision that uses it; a deploy takes far less.
    private static let graceAfterUse = Duration.seconds(60)

    /// Prefix of trees that are being made or removed; the next start removes them.
    private static let temporaryPrefix = ".partial-"
    /// The version of the trees' form; trees of another version are unpacked again.
    ///
    /// 2: no two trees share an inode.
    private static let form = Array("2\n".utf8)

    init(
        dataDirectory: String,
        blobs: BlobStore,
        trees: TreeAccess,
        logger: Logger
    ) throws(ImageError) {
        directory = dataDirectory + "/rootfs"
        self.blobs = blobs
        self.trees = trees
        self.logger = logger
        // Trees contain untrusted setuid programs: other users of this host have no access.
        try Directories.make(directory, mode: 0o700)
        try SystemCall.check("chmod", directory) { [directory] in chmod(directory, 0o700) }
        durability = TreeDurability(directory: directory, logger: logger)
        for name in try Directories.names(in: directory) where name.hasPrefix(Self.temporaryPrefix) {
            logger.info("removing a half-made tree of an earlier run", metadata: ["tree": "\(name)"])
            try trees.remove(directory + "/" + name)
        }
        try removeTreesOfAnotherForm()
        try durability.start(trees: try all()) { tree throws(ImageError) in
            logger.info(
                "removing a tree that a crash of the host may have damaged",
                metadata: ["tree": "\(tree)"]
            )
            try remove(tree)
        }
    }

    func path(of chainID: Digest) -> String { directory + "/" + chainID.hex }

    func isUnpacked(_ chainID: Digest) -> Bool {
        var status = stat()
        return stat(path(of: chainID), &status) == 0
    }

    /// Chain ids of every tree.
    func all() throws(ImageError) -> [Digest] {
        try Directories.names(in: directory).compactMap(Digest.init(hex:))
    }

    /// A name for a tree that is being made or removed; the next start removes it.
    func temporaryPath() -> String {
        directory + "/" + Self.temporaryPrefix + String(UInt64.random(in: 0 ... .max), radix: 16)
    }

    /// The tree of an image; one unpacking for all concurrent callers.
    func path(of image: Image) async throws(ImageError) -> String {
        let chainID = image.chainID
        // The lock also guards the reuse of a step's tree by the next step.
        let isThere = uses.withLock { uses in
            uses.ask(for: chainID)
            return isUnpacked(chainID)
        }
        return isThere ? path(of: chainID) : try await unpacked(image, chainID)
    }

    /// Unpacks, or waits for another caller's unpacking.
    func unpacked(_ image: Image, _ chainID: Digest) async throws(ImageError) -> String {
        let task = running.withLock { running in
            if let task = running[chainID] { return task }
            let task = Task { await self.unpackOnce(image, chainID) }
            running[chainID] = task
            return task
        }
        return try await task.value.get()
    }

    private func unpackOnce(_ image: Image, _ chainID: Digest) async -> Result<String, ImageError> {
        let result: Result<String, ImageError>
        do throws(ImageError) {
            result = .success(
                try await BlockingWork.run { () throws(ImageError) in
                    // The tree may have been made since the check.
                    if self.isUnpacked(chainID) { return self.path(of: chainID) }
                    return try self.unpack(image, chainID)
                }
            )
        } catch {
            result = .failure(error)
        }
        running.withLock { _ = $0.removeValue(forKey: chainID) }
        return result
    }

    private func unpack(_ image: Image, _ chainID: Digest) throws(ImageError) -> String {
        let temporary = temporaryPath()
        let job = RootfsUnpacking(image: image, blobs: blobs, trees: trees)
        do throws(ImageError) {
            let report = try unpack(job, into: temporary)
            if report.skippedSpecialFiles + report.skippedAttributes > 0 {
                logger.info(
                    "omitted entries that containers may not have",
                    metadata: [
                        "image": "\(image.digest)", "special_files": "\(report.skippedSpecialFiles)",
                        "attributes": "\(report.skippedAttributes)",
                    ]
                )
            }
            let target = path(of: chainID)
            // The mark of an earlier tree of this name does not apply to this one.
            try durability.disappears(chainID)
            try SystemCall.check("rename", target) { rename(temporary, target) }
            durability.appeared(chainID)
            return target
        } catch {
            try trees.remove(temporary)
            throw error
        }
    }

    /// Begins with the tree of most lower layers of the image; with an empty folder when that cannot be copied.
    private func unpack(_ job: RootfsUnpacking, into temporary: String) throws(ImageError) -> UnpackReport {
        let chain = job.image.lowerChainIDs
        if let base = chain.indices.last(where: { isUnpacked(chain[$0]) }) {
            do throws(ImageError) {
                if try takeStep(chain[base], to: temporary) {
                    return try job.run(into: temporary, upon: .taken, layers: base + 1)
                }
                try Directories.make(temporary, mode: 0o700)
                return try job.run(into: temporary, upon: .copy(of: path(of: chain[base])), layers: base + 1)
            } catch .system(_, _, EACCES), .system(_, _, ENOENT) {
                // An ordinary user may be unable to read some of its own files; or the base was removed meanwhile.
                try trees.remove(temporary)
            }
        }
        try Directories.make(temporary, mode: 0o700)
        return try job.run(into: temporary, upon: .nothing, layers: 0)
    }

    /// Bytes of a tree on the disk; counted once.
    ///
    /// - Parameters:
    ///   - chainID: the tree's name.
    ///   - session: works in the folder of all trees.
    /// - Returns: its bytes.
    /// - Throws: ``ImageError`` when it cannot be read.
    func bytes(of chainID: Digest, _ session: any TreeSession) throws(ImageError) -> Int {
        if let known = sizes.withLock({ $0[chainID] }) { return known }
        guard case .bytes(let bytes) = try session.ask(.measure(chainID.hex), layers: []).answer else {
            throw .worker(reason: "an answer that is not a size")
        }
        sizes.withLock { $0[chainID] = bytes }
        return bytes
    }

    func forgetSize(of chainID: Digest) { sizes.withLock { _ = $0.removeValue(forKey: chainID) } }

    /// Removes a tree unless a caller got its path in the last minute: its use may not be recorded yet.
    ///
    /// - Returns: false when it stays.
    func removeUnused(_ chainID: Digest) throws(ImageError) -> Bool {
        if uses.withLock({ $0.isFresh(chainID, Self.graceAfterUse) }) { return false }
        try remove(chainID)
        return true
    }

    /// Removes a tree; after a crash in between, the next start does.
    private func remove(_ chainID: Digest) throws(ImageError) {
        let temporary = directory + "/" + Self.temporaryPrefix + chainID.hex
        try durability.disappears(chainID)
        forgetSize(of: chainID)
        uses.withLock { $0.forget(chainID) }
        guard rename(path(of: chainID), temporary) == 0 else {
            if errno == ENOENT { return }
            // A full disk may have no room for a longer name; the removal itself needs none.
            guard errno == ENOSPC || errno == EDQUOT else { throw SystemCall.failure("rename", temporary) }
            return try trees.remove(path(of: chainID))
        }
        try trees.remove(temporary)
    }

    /// Trees of earlier versions may share files with others.
    private func removeTreesOfAnotherForm() throws(ImageError) {
        let path = directory + "/.form"
        if access(path, F_OK) == 0 {
            let form = try OpenFile(path: path).read(upTo: Self.form.count + 1, of: path)
            if form == Self.form { return }
        }
        for tree in try all() {
            logger.info("removing a tree of an earlier version", metadata: ["tree": "\(tree)"])
            try remove(tree)
        }
        try BootNote.write(Self.form, to: path)
    }
}
