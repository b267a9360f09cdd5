// SPDX-License-Identifier: Apache-2.0
// Resolves USER of an image to numbers by the image's own passwd and group files (image-spec, config.md, "User").

import CSandbox
import Glibc
import Sandbox

/// Reads passwd and group files of unpacked trees, which may be hostile.
package enum ContainerUserLookup {
    /// Bytes of /etc/passwd or /etc/group that are read; such files have a few kilobytes.
    static let maximumFileBytes = 1 << 20

    /// Looks up a user.
    ///
    /// Blocks.
    ///
    /// - Parameters:
    ///   - specification: `name`, `uid`, `name:group`, `uid:gid` or empty for root.
    ///   - rootfs: absolute path of the tree.
    /// - Returns: the user; a number without an entry has group 0 and home `/`, an explicit group replaces all others.
    /// - Throws: ``ImageError/unknownUser(_:)``, ``ImageError/userOutOfRange(_:)``.
    package static func find(_ specification: String, rootfs: String) throws(ImageError) -> ContainerAccount {
        let root = try OpenFile(path: rootfs, flags: O_RDONLY | O_DIRECTORY)
        return try find(specification, root: root.descriptor)
    }

    /// The same in an open folder.
    static func find(_ specification: String, root: Int32) throws(ImageError) -> ContainerAccount {
        let users = try lines("etc/passwd", in: root)
        let groups = try lines("etc/group", in: root)
        return try find(specification, users: users, groups: groups)
    }

    /// Whether a specification has a number beyond the range of containers, independent of the image's files.
    package static func isOutOfRange(_ specification: String) -> Bool {
        specification.split(separator: ":", maxSplits: 1).contains { part in
            part.utf8.allSatisfy { (48...57).contains($0) }
                && UInt32(part).map { $0 > ContainerUser.idMax } ?? true
        }
    }

    /// The names of an image's users, the first one of each number.
    ///
    /// Blocks.
    ///
    /// - Parameter rootfs: absolute path of the tree.
    /// - Returns: the names by number.
    /// - Throws: ``ImageError``.
    package static func names(rootfs: String) throws(ImageError) -> [UInt32: String] {
        let root = try OpenFile(path: rootfs, flags: O_RDONLY | O_DIRECTORY)
        let entries = try lines("etc/passwd", in: root.descriptor).compactMap { fields in
            fields.count >= 4 ? number(fields[2]).map { ($0, String(fields[0])) } : nil
        }
        return Dictionary(entries) { first, _ in first }
    }

    /// Resolves a user by the content of the files.
    static func find(
        _ specification: String,
        users: [[Substring]],
        groups: [[Substring]]
    ) throws(ImageError) -> ContainerAccount {
        let account = try lookUp(specification, users: users, groups: groups)
        guard max(account.user.uid, account.user.gid) <= ContainerUser.idMax else {
            throw .userOutOfRange(specification)
        }
        return account
    }

    private static func lookUp(
        _ specification: String,
        users: [[Substring]],
        groups: [[Substring]]
    ) throws(ImageError) -> ContainerAccount {
        let parts = specification.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let userText = parts.first.map(String.init) ?? ""
        let name = userText.isEmpty ? "0" : userText
        // Docker's order: the name first, so that a user named "1000" is found.
        let entry =
            users.first { $0.count >= 4 && $0[0] == name }
            ?? users.first { $0.count >= 4 && $0[2] == name }
        guard let uid = entry.map({ number($0[2]) }) ?? number(Substring(name)) else {
            throw .unknownUser(specification)
        }
        var user = ContainerUser(uid: uid, gid: entry.flatMap { number($0[3]) } ?? 0)
        if parts.count == 2, !parts[1].isEmpty {
            let group = groups.first { $0.count >= 3 && $0[0] == parts[1] }
            guard let gid = group.map({ number($0[2]) }) ?? number(parts[1]) else {
                throw .unknownUser(specification)
            }
            user.gid = gid
        } else if let login = entry?[0] {
            user.supplementaryGroups = supplementary(login, gid: user.gid, groups)
        }
        let home = entry.flatMap { $0.count >= 6 ? String($0[5]) : nil } ?? "/"
        return ContainerAccount(user: user, home: home.hasPrefix("/") ? home : "/")
    }

    private static func supplementary(_ login: Substring, gid: UInt32, _ groups: [[Substring]]) -> [UInt32] {
        var found: [UInt32] = []
        for group in groups where group.count >= 4 && group[3].split(separator: ",").contains(login) {
            guard let number = number(group[2]), number != gid, !found.contains(number) else { continue }
            // Files in a container cannot belong to groups beyond its range.
            guard number <= ContainerUser.idMax else { continue }
            found.append(number)
        }
        return found
    }

    /// Ids that the kernel accepts; the largest two mean "none" in some calls.
    private static func number(_ text: Substring) -> UInt32? {
        guard let first = text.utf8.first, (48...57).contains(first), let number = UInt32(text) else {
            return nil
        }
        return number < UInt32.max - 1 ? number : nil
    }

    /// The fields of a file's lines; an absent or irregular file has none.
    private static func lines(_ name: String, in root: Int32) throws(ImageError) -> [[Substring]] {
        // Without O_NONBLOCK, opening a FIFO in its place would block without end.
        let descriptor = csandbox_open_in_root(root, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0)
        if descriptor == -EACCES { throw SystemCall.failure("open", name, errorNumber: EACCES) }
        guard descriptor >= 0 else { return [] }
        let file = OpenFile(owning: descriptor)
        guard try file.status(name).st_mode & S_IFMT == S_IFREG else { return [] }
        let bytes = try file.read(upTo: maximumFileBytes, of: name)
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map {
            $0.split(separator: ":", omittingEmptySubsequences: false)
        }
    }
}
