// SPDX-License-Identifier: Apache-2.0
// Makes the data folder the service's user's, while the gateway is still root. PrivilegedStart drives it.

import Foundation
import Glibc
import Sandbox

/// Gives a data folder to the user that the gateway is about to become.
enum DataHandover {
    /// Folders below DATA that must exist before the warden starts; other users may not read them.
    private static let folders = ["rootfs", "build", "containers", "run"]
    private static let databaseFiles = ["mayfly.sqlite", "mayfly.sqlite-wal", "mayfly.sqlite-shm"]

    /// Why a folder cannot be handed over.
    struct Failure: Error, Hashable {
        var reason: String
    }

    /// What came of it.
    enum Result: Hashable {
        /// An earlier start had done it.
        case found
        case made
    }

    /// Makes the folder when absent, and lets `account` work in it: everything in it becomes its, and the folder
    /// itself root's with its group.
    ///
    /// What containers own stays theirs: the trees of images, of running builds, what RUN steps keep, and layers and
    /// volumes of containers.
    ///
    /// - Parameters:
    ///   - directory: its real path, held by this process.
    ///   - account: the account that gets the folder.
    /// - Returns: whether it was necessary.
    /// - Throws: ``Failure`` with the first thing that could not be done.
    static func prepare(_ directory: String, for account: Privileges.Account) throws(Failure) -> Result {
        guard mkdir(directory, 0o700) == 0 || errno == EEXIST else { throw failure(directory, errno) }
        let folder = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else { throw failure(directory, errno) }
        defer { close(folder) }
        for name in folders where mkdirat(folder, name, 0o700) != 0 {
            guard errno == EEXIST else { throw failure(directory + "/" + name, errno) }
        }
        return try handOver(folder, at: directory, to: account)
    }

    /// Mode of DATA, which is root's, for the service's group.
    ///
    /// The service's user cannot open it for others, who could become root with set-user-ID files of images.
    private static let mode: UInt32 = 0o770

    /// Everything that belonged to the folder's owner, the folder itself last: an interrupted handover is repeated.
    private static func handOver(
        _ folder: Int32,
        at directory: String,
        to account: Privileges.Account
    ) throws(Failure) -> Result {
        guard let owned = Ownership.of([46, 0], in: folder) else { throw failure(directory, errno) }
        if owned.uid == 0, owned.gid == account.gid, owned.mode == mode {
            // Root created a removed folder again just now, or restored a database before.
            for name in folders + databaseFiles {
                let error = Ownership.give(name.utf8CString.map { $0 }, in: folder, from: 0, to: account)
                if error != 0, error != ENOENT { throw failure(directory + "/" + name, error) }
            }
            return .found
        }
        try handOver(folder, at: "", below: directory, of: owned.uid, to: account)
        guard fchown(folder, 0, account.gid) == 0, fchmod(folder, mode_t(mode)) == 0 else {
            throw failure(directory, errno)
        }
        return .made
    }

    /// The content of one open folder; by descriptor, so that no other process can replace the folder meanwhile.
    private static func handOver(
        _ folder: Int32,
        at path: String,
        below directory: String,
        of owner: UInt32,
        to account: Privileges.Account
    ) throws(Failure) {
        guard let names = Ownership.names(in: folder) else { throw failure(directory + "/" + path, errno) }
        for name in names {
            let text = String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
            let relative = path.isEmpty ? text : path + "/" + text
            let place = directory + "/" + relative
            guard let entry = Ownership.of(name, in: folder) else { throw failure(place, errno) }
            if entry.isFolder, holdsOthersFiles(relative) {
                if !isOwn(relative) { continue }
            } else if entry.isFolder {
                let inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                guard inner >= 0 else { throw failure(place, errno) }
                defer { close(inner) }
                try handOver(inner, at: relative, below: directory, of: owner, to: account)
            }
            // Nothing else: a planted link must not give away a file of the host.
            let error = Ownership.give(name, in: folder, from: owner, to: account)
            if error == EMLINK {
                throw Failure(
                    reason:
                        "\(place): it has a second name, which may be elsewhere on the host: remove one of them"
                )
            }
            if error != 0 { throw failure(place, error) }
        }
    }

    /// Makes the folder root's alone: what a gateway that stays root writes, the next one could not read.
    static func takeBack(_ directory: String) {
        // It fails where root's rights are not enough, and then root's gateway continues nevertheless.
        _ = chown(directory, 0, 0)
        _ = chmod(directory, 0o700)
    }

    /// Folders whose content belongs to containers.
    private static func holdsOthersFiles(_ name: String) -> Bool {
        let parts = name.split(separator: "/")
        guard parts.count >= 2 else { return false }
        if parts[0] == "rootfs" { return true }
        if parts[0] == "containers" { return parts.count >= 3 && ["layers", "volumes"].contains(parts[1]) }
        return parts[0] == "build" && (parts[1].hasPrefix("step-") || parts[1] == "mounts" && parts.count > 2)
    }

    /// Of those, the ones that themselves are the gateway's.
    private static func isOwn(_ name: String) -> Bool {
        let parts = name.split(separator: "/")
        return parts[0] == "build" && parts[1].hasPrefix("step-") && parts.count == 2
            || parts[0] == "rootfs" && parts.count == 2 && parts[1].hasPrefix(".partial-")
            || parts[0] == "containers" && parts.count == 3 && parts[1] == "layers"
    }

    private static func failure(_ path: String, _ number: Int32) -> Failure {
        Failure(reason: "\(path): \(systemMessage(number))")
    }

    /// A folder above DATA.
    private struct Ancestor {
        var owner: UInt32
        var group: UInt32
        var mode: Int

        /// Nil when there is no file, or it cannot be read.
        init?(_ path: String) {
            guard let found = try? FileManager.default.attributesOfItem(atPath: path),
                let owner = found[.ownerAccountID] as? NSNumber,
                let group = found[.groupOwnerAccountID] as? NSNumber,
                let mode = found[.posixPermissions] as? NSNumber
            else { return nil }
            self.owner = owner.uint32Value
            self.group = group.uint32Value
            self.mode = mode.intValue
        }
    }

    /// The topmost folder above DATA that `account` cannot pass; nil when it reaches DATA.
    static func obstacle(above directory: String, for account: Privileges.Account) -> String? {
        var path = ""
        for part in directory.split(separator: "/").dropLast() {
            path += "/" + part
            // Other users follow a link here: the permissions of its target count.
            guard let entry = Ancestor(URL(fileURLWithPath: path).resolvingSymlinksInPath().path) else {
                return path
            }
            let bit = entry.owner == account.uid ? 0o100 : entry.group == account.gid ? 0o010 : 0o001
            if entry.mode & bit == 0 { return path }
        }
        return nil
    }
}
