// SPDX-License-Identifier: Apache-2.0
// Unpacked trees, in DATA/rootfs. A tree is there whole or not at all.

import Glibc
import Logging
import Synchronization

/// The read-only trees that containers run in, named by chain id: images of equal layers share one.
final class RootfsStore: Sendable {
    /// `DATA/rootfs`.
    let directory: String
    private let blobs: BlobStore
    private let logger: Logger
    private let trees: TreeAccess
    let durability: TreeDurability
    private let running = Mutex<[Digest: Task<Result<String, ImageError>, Never>]>([:])
    /// When callers got the path of a tree.
    ///
    /// Bounded by the number of trees.
    private let lastUse = Mutex<[Digest: ContinuousClock.Instant]>([:])
    /// From the answer with a path to the record of the revision that uses it; a deploy takes far less.
    private static let graceAfterUse = Duration.seconds(60)

    /// Names of trees that are being made or removed; swept at start.
    private static let temporaryPrefix = ".partial-"

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
        // Trees hold setuid programs of strangers: no other user of this host may reach them.
        try Directories.make(directory, mode: 0o700)
        try SystemCall.check("chmod", directory) { [directory] in chmod(directory, 0o700) }
        durability = TreeDurability(directory: directory, logger: logger)
        for name in try Directories.names(in: directory) where name.hasPrefix(Self.temporaryPrefix) {
            logger.info("removing a half-made tree of an earlier run", metadata: ["tree": "\(name)"])
            try trees.remove(directory + "/" + name)
        }
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

    /// The tree of an image; one unpacking for all who ask at the same time.
    func path(of image: Image) async throws(ImageError) -> String {
        let chainID = image.chainID
        lastUse.withLock { $0[chainID] = ContinuousClock.now }
        if isUnpacked(chainID) { return path(of: chainID) }
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
                    // The tree may have come between the look and the flight.
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
        let temporary =
            directory + "/" + Self.temporaryPrefix + String(UInt64.random(in: 0 ... .max), radix: 16)
        let job = RootfsUnpacking(image: image, blobs: blobs, trees: trees)
        do throws(ImageError) {
            let report = try unpack(job, into: temporary)
            if report.skippedSpecialFiles + report.skippedAttributes > 0 {
                logger.info(
                    "left out what containers may not have",
                    metadata: [
                        "image": "\(image.digest)", "special_files": "\(report.skippedSpecialFiles)",
                        "attributes": "\(report.skippedAttributes)",
                    ]
                )
            }
            let target = path(of: chainID)
            // The mark of an earlier tree of this name says nothing about this one.
            try durability.disappears(chainID)
            try SystemCall.check("rename", target) { rename(temporary, target) }
            durability.appeared(chainID)
            return target
        } catch {
            try trees.remove(temporary)
            throw error
        }
    }

    /// Builds upon the tree of as many lower layers as there is; from nothing when that fails for links.
    private func unpack(_ job: RootfsUnpacking, into temporary: String) throws(ImageError) -> UnpackReport {
        let chain = job.image.lowerChainIDs
        if let base = chain.indices.last(where: { isUnpacked(chain[$0]) }) {
            do throws(ImageError) {
                try Directories.make(temporary, mode: 0o700)
                return try job.run(into: temporary, upon: path(of: chain[base]), layers: base + 1)
            } catch .system("link", _, _) {
                try trees.remove(temporary)
            }
        }
        try Directories.make(temporary, mode: 0o700)
        return try job.run(into: temporary, upon: nil, layers: 0)
    }

    /// Removes a tree unless a caller has asked for it in the last minute: it may not be recorded as used yet.
    ///
    /// - Returns: false when it stays.
    func removeUnused(_ chainID: Digest) throws(ImageError) -> Bool {
        let isFresh = lastUse.withLock { uses in
            uses = uses.filter { ContinuousClock.now - $0.value < Self.graceAfterUse }
            return uses[chainID] != nil
        }
        if isFresh { return false }
        try remove(chainID)
        return true
    }

    /// Removes a tree; a crash in between leaves it to the next start.
    private func remove(_ chainID: Digest) throws(ImageError) {
        let temporary = directory + "/" + Self.temporaryPrefix + chainID.hex
        try durability.disappears(chainID)
        guard rename(path(of: chainID), temporary) == 0 else {
            if errno == ENOENT { return }
            throw SystemCall.failure("rename", temporary)
        }
        try trees.remove(temporary)
    }
}
