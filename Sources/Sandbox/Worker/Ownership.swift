// SPDX-License-Identifier: Apache-2.0
// Owners of files, read and changed by descriptor. faasctl's handover of the data folder drives it.

import CSandbox
import Glibc

/// The owner of a file.
package struct Ownership: Sendable {
    package var uid: UInt32
    package var gid: UInt32
    /// Permission bits, with set-user-ID and the like.
    package var mode: UInt32
    package var isFolder: Bool

    /// Reads the owner of a name in an open folder; links are not followed.
    ///
    /// - Parameters:
    ///   - name: terminated; without slashes.
    ///   - folder: open.
    /// - Returns: nil with `errno` set when it cannot be read.
    package static func of(_ name: [CChar], in folder: Int32) -> Ownership? {
        var found = csandbox_owner()
        let result = csandbox_owner_of(folder, name, &found)
        guard result == 0 else {
            errno = -result
            return nil
        }
        return Ownership(uid: found.uid, gid: found.gid, mode: found.mode, isFolder: found.is_folder)
    }

    /// Gives a file to `account` if it is `owner`'s; links are not followed.
    ///
    /// - Returns: 0, also when another user owns it; EMLINK for a file with another name, which may be anywhere;
    ///   else an errno.
    package static func give(
        _ name: [CChar],
        in folder: Int32,
        from owner: UInt32,
        to account: Privileges.Account
    ) -> Int32 {
        -csandbox_change_owner(folder, name, owner, account.uid, account.gid)
    }

    /// Names in an open folder, terminated; nil with `errno` set when they cannot be read.
    package static func names(in folder: Int32) -> [[CChar]]? {
        let copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0 else { return nil }
        guard let stream = fdopendir(copy) else {
            close(copy)
            return nil
        }
        defer { closedir(stream) }
        var names: [[CChar]] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                bytes.prefix { $0 != 0 }.map(CChar.init(bitPattern:)) + [0]
            }
            if name != [46, 0], name != [46, 46, 0] { names.append(name) }
        }
        return names
    }
}
