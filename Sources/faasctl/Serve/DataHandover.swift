// SPDX-License-Identifier: Apache-2.0
// Makes the data folder the service's user's, while the gateway is still root. PrivilegedStart drives it.

import Foundation
import Glibc
import Sandbox

/// Gives a data folder to the user that the gateway is about to become.
enum DataHandover {
    /// Folders below DATA that must exist before the warden starts; nobody else may look into them.
    private static let folders = ["rootfs", "build", "run"]

    /// Makes the folder when absent, and gives it to `account` unless it is its already.
    ///
    /// What containers own stays theirs: the trees of images, of running builds, and what RUN steps keep.
    ///
    /// - Returns: the failure of the first thing that could not be done; nil when all is well.
    static func prepare(_ directory: String, for account: Privileges.Account) -> String? {
        for path in [directory] + folders.map({ directory + "/" + $0 }) {
            do {
                try FileManager.default.createDirectory(
                    atPath: path,
                    withIntermediateDirectories: true,
                    attributes: [.posixPermissions: 0o700]
                )
            } catch {
                return "\(path): \(error.localizedDescription)"
            }
        }
        return handOver(directory, to: account)
    }

    /// What lies at a path, links not followed.
    private struct Entry {
        var owner: UInt32
        var group: UInt32
        var mode: Int
        var isFolder: Bool

        /// Nil when nothing is there, or it cannot be looked at.
        init?(_ path: String) {
            guard let found = try? FileManager.default.attributesOfItem(atPath: path),
                let owner = found[.ownerAccountID] as? NSNumber,
                let group = found[.groupOwnerAccountID] as? NSNumber,
                let mode = found[.posixPermissions] as? NSNumber
            else { return nil }
            self.owner = owner.uint32Value
            self.group = group.uint32Value
            self.mode = mode.intValue
            isFolder = found[.type] as? FileAttributeType == .typeDirectory
        }
    }

    /// Everything that belonged to the folder's owner, the folder itself last: an interrupted handover is repeated.
    private static func handOver(_ directory: String, to account: Privileges.Account) -> String? {
        guard let folder = Entry(directory) else { return "\(directory): it cannot be read" }
        if folder.owner == account.uid { return nil }
        guard let names = FileManager.default.enumerator(atPath: directory) else { return failure(directory) }
        while let name = names.nextObject() as? String {
            let path = directory + "/" + name
            guard let entry = Entry(path) else { continue }
            if holdsOthersFiles(name), entry.isFolder {
                names.skipDescendants()
                if !isOwn(name) { continue }
            }
            // Nothing else: a link that somebody planted must not give a file of the host away.
            guard entry.owner == folder.owner else { continue }
            guard lchown(path, account.uid, account.gid) == 0 else { return failure(path) }
        }
        guard lchown(directory, account.uid, account.gid) == 0 else { return failure(directory) }
        return nil
    }

    /// Folders whose content belongs to containers.
    private static func holdsOthersFiles(_ name: String) -> Bool {
        let parts = name.split(separator: "/")
        guard parts.count >= 2 else { return false }
        if parts[0] == "rootfs" { return true }
        return parts[0] == "build" && (parts[1].hasPrefix("step-") || parts[1] == "mounts" && parts.count > 2)
    }

    /// Of those, the ones that themselves are the gateway's.
    private static func isOwn(_ name: String) -> Bool {
        let parts = name.split(separator: "/")
        return parts[0] == "build" && parts[1].hasPrefix("step-") && parts.count == 2
            || parts[0] == "rootfs" && parts.count == 2 && parts[1].hasPrefix(".partial-")
    }

    private static func failure(_ path: String) -> String { "\(path): \(systemMessage(errno))" }

    /// The topmost folder above DATA that `account` cannot pass; nil when it reaches DATA.
    static func obstacle(above directory: String, for account: Privileges.Account) -> String? {
        var path = ""
        for part in directory.split(separator: "/").dropLast() {
            path += "/" + part
            // A link here is followed by whoever goes this way: what it leads to counts.
            guard let entry = Entry(URL(fileURLWithPath: path).resolvingSymlinksInPath().path) else {
                return path
            }
            let bit = entry.owner == account.uid ? 0o100 : entry.group == account.gid ? 0o010 : 0o001
            if entry.mode & bit == 0 { return path }
        }
        return nil
    }
}
